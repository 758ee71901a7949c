"""intq predict: predictions of a fine-tuned model for a file of text."""
from intq.commands.arguments import add_cache, natural, positive
from intq.commands.finished import open_run
from intq.errors import UserError
from intq.evaluation import prediction_rows
from intq.run_folder import write_atomically


def add(commands):
    parser = commands.add_parser("predict", help="predictions of a fine-tuned model for a file of text",
                                 description="Writes one prediction a row of the data; labels there are not needed.")
    parser.add_argument("dir", metavar="DIR", help="output folder of intq finetune")
    parser.add_argument("--data", required=True, metavar="F", help="TSV, CSV or JSONL like the training file; SQuAD JSON for qa")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tsv", help="file to write")
    parser.add_argument("--rank", type=positive, default=None, metavar="B", help="of the adapters, one that was evaluated "
                        "(default the largest)")
    parser.add_argument("--threads", type=natural, default=0, metavar="N", help="threads (default 0: one a core)")
    add_cache(parser)
    parser.set_defaults(run=run)


def run(args):
    with open_run(args.dir, args.threads, args.cache_dir) as model:
        dataset = model.load(args.data, need_labels=False)
        if args.rank and args.rank not in model.program.info.get("eval_ranks", ()):
            raise UserError(f"expected --rank of {model.program.info.get('eval_ranks', 'a run with adapters')}, but got "
                            f"{args.rank}")
        header, rows = prediction_rows(model.program, dataset, model.batch, model.padding, model.task,
                                       model.label_names, args.rank)
    write_atomically(args.output, "".join("\t".join(row) + "\n" for row in [header, *rows]))
    print(f"wrote {len(rows)} predictions to {args.output}")
