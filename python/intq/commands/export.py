"""intq export: a Hugging Face checkpoint to an ONNX graph of forward and loss."""
from intq.checkpoint_folder import CheckpointFolder
from intq.commands.arguments import natural, positive
from intq.errors import UserError
from intq.export import export_training
from intq.export.heads import HEADS


def add(commands):
    parser = commands.add_parser("export", help="write a checkpoint as an ONNX training graph (forward and loss)",
                                 description="Writes forward and loss of a BERT, RoBERTa, DistilBERT, ALBERT, ELECTRA or MPNet "
                                 "checkpoint as standard ONNX. Inputs: "
                                 "input_ids, attention_mask, token_type_ids where the model has types, labels (qa: start_positions, "
                                 "end_positions). Outputs: loss, logits.")
    parser.add_argument("checkpoint", metavar="CHECKPOINT",
                        help="Hugging Face folder (config.json, model.safetensors), or the word minilm")
    parser.add_argument("--task", choices=HEADS, default="classification", help="kind of head (default classification)")
    parser.add_argument("--num-labels", type=positive, default=None, metavar="N",
                        help="classes, or numbers to predict (default 2 for classification, 1 for regression; not for mlm)")
    parser.add_argument("--batch", type=positive, default=8, metavar="B", help="rows a step (default 8)")
    parser.add_argument("--seq", type=positive, default=128, metavar="S", help="tokens a row (default 128)")
    parser.add_argument("--dropout", type=float, default=None, metavar="P",
                        help="ratio in place of the configuration's")
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="seed of a new head (default 0)")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="ONNX file to write")
    parser.set_defaults(run=run)


def run(args):
    folder = CheckpointFolder.open(args.checkpoint)
    if args.task == "mlm" and args.num_labels:
        raise UserError("expected no --num-labels for mlm: its classes are the words of the vocabulary")
    labels = args.num_labels or (1 if args.task == "regression" else 2)
    drawn = export_training(folder, args.output, task=args.task, num_labels=labels, batch=args.batch, seq=args.seq,
                            dropout=args.dropout, seed=args.seed)
    if drawn:
        print(f"new, drawn from seed {args.seed}: {', '.join(drawn)}")
    print(f"wrote {args.output}")
