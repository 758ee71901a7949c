"""intq eval: metrics of a finished or running fine-tuning on a labelled file."""
from intq.commands.arguments import add_cache, natural
from intq.commands.finished import open_run
from intq.commands.report import print_json
from intq.evaluation import evaluate, evaluate_ranks


def add(commands):
    parser = commands.add_parser("eval", help="metrics of a fine-tuned model on a labelled file",
                                 description="Evaluates the newest checkpoint of a fine-tuning on a labelled file.")
    parser.add_argument("dir", metavar="DIR", help="output folder of intq finetune")
    parser.add_argument("--data", required=True, metavar="F", help="TSV, CSV or JSONL like the training file; SQuAD JSON for qa")
    parser.add_argument("--threads", type=natural, default=0, metavar="N", help="threads (default 0: one a core)")
    add_cache(parser)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.set_defaults(run=run)


def run(args):
    with open_run(args.dir, args.threads, args.cache_dir) as model:
        dataset = model.load(args.data, need_labels=True)
        given = model.program, dataset, model.batch, model.padding, model.task, model.metric
        ranks = evaluate_ranks(*given) if "ranks" in model.program.info else []
        metrics = ranks[-1]["metrics"] if ranks else evaluate(*given)
    for row in ranks:
        print(f"rank {row['rank']:3d}  " + "  ".join(f"{name} {value:.4f}" for name, value in row["metrics"].items()))
    for name, value in metrics.items():
        print(f"{name:12s} {value:.4f}")
    if args.json:
        print_json({**metrics, **({"ranks": ranks} if ranks else {}), "examples": len(dataset), "step": model.step})
