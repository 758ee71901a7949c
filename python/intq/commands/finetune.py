"""intq finetune: text in, fine-tuned model out."""
from intq import padding
from intq.commands.arguments import (add_adapter, add_engine, add_optimizer, add_run, add_sampling, add_trust, natural,
                                     positive, training_options)
from intq.commands.report import print_json, summary
from intq.export.heads import TASKS
from intq.finetuning import FineTuning


def add(commands):
    parser = commands.add_parser("finetune", help="fine-tune a BERT encoder on labelled text",
                                 description="Fine-tunes a checkpoint folder, the model minilm, or an ONNX graph with a "
                                 "loss on labelled text. AdamW, linear warm-up and decay, clipping at norm 1 and a "
                                 "checkpoint every 500 steps unless said otherwise.")
    parser.add_argument("model", metavar="MODEL", help="Hugging Face folder, the word minilm, or an .onnx file")
    parser.add_argument("--checkpoint", metavar="F", help="ONNX Runtime checkpoint that holds the parameters of an .onnx model")
    add_trust(parser)
    _add_data(parser)
    add_engine(parser, recipe_default="row8")
    size = parser.add_argument_group("size of the run")
    length = size.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=positive, default=None, metavar="N", help="passes over the data (default 3)")
    length.add_argument("--steps", type=positive, default=None, metavar="N", help="optimizer steps, in place of --epochs")
    size.add_argument("--batch", type=positive, default=8, metavar="B", help="examples a batch (default 8)")
    size.add_argument("--seq", type=positive, default=128, metavar="S", help="tokens an example (default 128)")
    size.add_argument("--pad-to", choices=padding.KINDS, default="max",
                      help="the length of a batch: always --seq, or its longest row rounded up to an eighth of --seq: faster "
                      "(default max; docs/Runs.md says what changes)")
    size.add_argument("--eval-steps", type=natural, default=0, metavar="N",
                      help="steps between evaluations (default 0: after each epoch)")
    add_optimizer(parser)
    add_sampling(parser)
    add_adapter(parser)
    add_run(parser)
    parser.set_defaults(run=run)


def _add_data(parser):
    group = parser.add_argument_group("data")
    group.add_argument("--train", required=True, metavar="F", help="training data: .tsv, .csv, .jsonl; SQuAD .json for qa")
    group.add_argument("--eval", metavar="F", help="held-out data of the same form, evaluated while training and at the end")
    group.add_argument("--text", metavar="COL[,COL2]", help="text column or columns: names, or numbers from 0")
    group.add_argument("--label", metavar="COL", help="label column: a name, or a number from 0")
    group.add_argument("--task-preset", metavar="NAME", help="columns, labels and metric of a GLUE task: sst2, cola, stsb, "
                       "mrpc, qqp, rte, qnli, wnli, mnli")
    group.add_argument("--task", choices=TASKS, default=None, help="kind of task (default: the preset's, else classification)")
    group.add_argument("--num-labels", type=positive, default=None, metavar="N",
                       help="number of classes (default: as many as the training data have)")
    group.add_argument("--tokenizer", metavar="DIR", help="folder with the tokenizer, or minilm (default: the model's own)")


def run(args):
    options = training_options(args)
    with FineTuning(args, options) as job:
        job.train()
        result = summary(job.trainer, job.program.info, job.state_sha256, options, job.metrics,
                         metrics=job.metrics, **({"ranks": job.rank_metrics} if job.adapter else {}), examples=len(job.train_data), model=str(job.folder.path / "model"))
    if args.json:
        print_json(result)
