"""One fine-tuning from its command line to its results: data, graph, program, training, model folder."""
import math
import shutil
from pathlib import Path

from intq import adapters, onnx_file, results
from intq.adapters import adapter_options
from intq.checkpoint_folder import CheckpointFolder, resolve
from intq.data.dataset import TrainingOrder, check_token_ids, load_dataset
from intq.data.examples import Columns
from intq.data.presets import preset
from intq.data.tokenizer import load_tokenizer
from intq.errors import UserError
from intq.evaluation import evaluate, evaluate_ranks
from intq.export import SEQUENCE, export_training
from intq.feeding import Feeder, check_fits, logits_name
from intq.norm_cache import NormCache
from intq.options import link_options
from intq.padding import Padding, check_can_cut
from intq.plot import plot_run
from intq.program import Program, inspect
from intq.progress import Progress
from intq.results import merge_text
from intq.run_folder import RunFolder
from intq.schedule import Schedule
from intq.state_file import state_bytes
from intq.trainer import Trainer


class FineTuning:
    """Checks everything that can be checked before the output folder is touched; `train` does the rest."""

    def __init__(self, args, options):
        self.args, self.options, self.metrics, self.program = args, options, {}, None
        self.adapter = adapter_options(options).get("adapter")
        self.rank_metrics = []
        self.folder = RunFolder(args.out)
        self.is_onnx = args.model.endswith(".onnx")
        self._choose_task()
        self._find_model()
        self._choose_padding()
        self._load_data()
        self.steps_per_epoch = len(self.train_data) / (args.batch * options.grad_accum)
        total = args.steps or math.ceil((args.epochs or 3) * self.steps_per_epoch)
        self.schedule = Schedule.make(options.lr_scheduler, options.lr, total, options.warmup)
        self._open_folder()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.program:
            self.program.close()

    # Before anything is written.

    def _choose_task(self):
        args = self.args
        self.preset = preset(args.task_preset) if args.task_preset else None
        self.task = args.task or (self.preset.task if self.preset else "classification")
        if self.preset and self.task != self.preset.task:
            raise UserError(f"the preset {args.task_preset} is a {self.preset.task} task, but got --task {args.task}")
        text = args.text.split(",") if args.text else None
        if text and len(text) > 2:
            raise UserError(f"expected one or two text columns, but got --text {args.text}")
        self.columns = Columns(text, args.label, self.preset)
        self.metric = self.preset.metric if self.preset else {"classification": "accuracy", "regression": "pearson",
                                                              "qa": "f1"}[self.task]
        self.label_names = list(self.preset.label_names) if self.preset else []
        self.num_labels = args.num_labels

    def _find_model(self):
        args = self.args
        if self.is_onnx:
            self.graph = onnx_file.read_graph(args.model)
            if not args.tokenizer:
                raise UserError("an .onnx model has no tokenizer: name one with --tokenizer DIR|minilm")
            self.tokenizer_folder = resolve(args.tokenizer)
            self.num_labels = self.num_labels or onnx_file.num_labels(self.graph)
            if args.checkpoint and not Path(args.checkpoint).is_file():
                raise UserError(f"{args.checkpoint}: expected a checkpoint file of ONNX Runtime, but got none")
            self.completion = {"bind": onnx_file.bindings(self.graph, args.batch, args.seq), "limits": dict(args.limit)}
            if loss := onnx_file.missing_loss(self.graph, self.task):
                self.completion["loss"] = loss
        else:
            if args.checkpoint:
                raise UserError("--checkpoint goes with an .onnx model; a checkpoint folder holds its own weights")
            if args.limit or args.trust_links:
                raise UserError("--limit and --trust-links go with an .onnx model")
            self.checkpoint = CheckpointFolder.open(args.model)
            self.tokenizer_folder = resolve(args.tokenizer) if args.tokenizer else self.checkpoint.path
            self.completion = {}
        self.tokenizer = load_tokenizer(self.tokenizer_folder)

    def _choose_padding(self):
        """`cut`: the dimensions of the graph that shorter batches make smaller; none where every batch is padded to --seq."""
        self.cut = []
        if self.options.pad_to == "max":
            return
        check_can_cut(self.task, self.options.norm_cache)
        if not self.is_onnx:
            self.cut, self.completion = [SEQUENCE], {"bind": {SEQUENCE: self.args.seq}}
        elif names := onnx_file.sequence_names(self.graph):
            self.cut = names
        else:
            raise UserError(f"--pad-to longest needs a model with a symbolic sequence length, but that of {self.args.model} "
                            f"is fixed: export it with a dynamic axis, or use --pad-to max")

    def _load_data(self):
        args = self.args

        def load(path):
            return load_dataset(path, self.tokenizer, args.seq, task=self.task, columns=self.columns,
                                label_names=self.label_names, num_labels=self.num_labels)

        self.train_data = load(args.train)
        self.eval_data = load(args.eval) if args.eval else None
        classes = {"classification": len(self.label_names), "regression": 1, "qa": 2}[self.task]
        if args.num_labels not in (None, classes):
            raise UserError(f"expected {classes} labels for this task and data, but got --num-labels "
                            f"{args.num_labels}")
        self.num_labels = classes
        if not self.is_onnx:
            self._check_ids(self.checkpoint.config["vocab_size"])

    def _check_ids(self, limit):
        check_token_ids(self.train_data, limit, self.args.train)
        if self.eval_data:
            check_token_ids(self.eval_data, limit, self.args.eval)

    # The folder.

    def _open_folder(self):
        args = self.args
        identity = {**self.options.identity(), "steps": self.schedule.total, "batch": args.batch, "seq": args.seq,
                    "task": self.task, "train_sha256": self.train_data.sha256()}
        manifest = {"command": "finetune", "model": args.model, "task": self.task, "label_names": self.label_names, "num_labels": self.num_labels,
                    "task_preset": args.task_preset, "text": self.columns.text, "label": self.columns.label,
                    "batch": args.batch, "seq": args.seq, "recipe": self.options.recipe, "completion": self.completion, "cut": self.cut,
                    "adapter": self.adapter, "metric": self.metric, "train": args.train, "eval": args.eval, "identity": identity}
        existed = self.folder.path.exists()
        self.resumed = self.folder.open_new_or_resume(manifest, args.resume)
        try:
            self._prepare()
        except BaseException:
            if not self.resumed:
                self._abandon(existed)
            raise

    def _abandon(self, existed):
        """Leaves nothing behind of a run that never started."""
        if self.program:
            self.program.close()
        for entry in list(self.folder.path.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if not existed:
            self.folder.path.rmdir()

    def _prepare(self):
        graph = self.folder.path / "train.onnx"
        results.copy_tokenizer(self.tokenizer_folder, self.folder.path / "tokenizer")
        if self.is_onnx and not graph.exists():
            self._check_weight_files()
            onnx_file.copy_model(self.args.model, graph)
            if self.args.checkpoint:
                shutil.copyfile(self.args.checkpoint, self.folder.initial_checkpoint)
        elif not self.is_onnx and not graph.exists():
            export_training(self.checkpoint, graph, task=self.task, num_labels=self.num_labels, batch=self.args.batch,
                            seq=self.cut[0] if self.cut else self.args.seq, seed=self.options.seed)
        functions = (["grad", "update"] if self.options.two_phase else ["step"]) + ["eval"] * bool(self.eval_data)
        options = self.options.compiler_options(functions, **self.completion, **self.folder.checkpoint_option())
        self.program = Program.compile(graph, options)
        self.padding = Padding(self.program, graph, options, self.args.seq, self.cut)
        for note in self.program.info["notes"]:
            Progress.say(f"note: {note}")
        check_fits(self.program, functions[0], self.task, self.args.batch, self.args.seq)
        self._check_against_program(functions[0])
        if self.eval_data:
            logits_name(self.program, "eval")
        self.program.require_values()
        self.folder.require_space(4 * state_bytes(self.program))
        self.trainer = self._trainer(functions[0])

    def _check_weight_files(self):
        """Links are judged where the user's file lies (H31, H32): its copy has none."""
        if onnx_file.weight_files(self.graph):
            given = {"checkpoint": self.args.checkpoint} if self.args.checkpoint else {}
            inspect(self.args.model, {**self.completion, **given, **link_options(self.args)})

    def _check_against_program(self, function):
        for spec in self.program.inputs(function):
            if spec["name"] == "input_ids" and spec.get("range"):
                self._check_ids(spec["range"][1])
            if spec["name"] == "labels" and spec.get("range") and self.num_labels > spec["range"][1]:
                raise UserError(f"the data have {self.num_labels} classes, but the model has {spec['range'][1]}")

    def _trainer(self, function):
        order = TrainingOrder(len(self.train_data), self.args.batch, self.options.seed)
        feed = Feeder(self.program, function, self.train_data, self.padding)
        norms = NormCache.of(self.program, function, len(self.train_data))
        return Trainer(self.program, self.folder, self.options, self.schedule, lambda n: feed(order.indices(n)),
                       batch_size=self.args.batch, steps_per_epoch=self.steps_per_epoch,
                       evaluate=self._evaluate if self.eval_data else None, eval_at=self._eval_at,
                       norms=norms, indices=order.indices)

    def _evaluate(self):
        given = self.program, self.eval_data, self.args.batch, self.padding, self.task, self.metric
        if not self.adapter:
            return evaluate(*given)
        self.rank_metrics = evaluate_ranks(*given)
        for row in self.rank_metrics:
            Progress.say(f"rank {row['rank']:3d}: " + "  ".join(f"{n} {v:.4f}" for n, v in row["metrics"].items()))
        return self.rank_metrics[-1]["metrics"]  # of the largest rank

    def _eval_at(self, step):
        """Every --eval-steps, else after the step that ends an epoch."""
        if self.options.eval_steps:
            return step % self.options.eval_steps == 0
        return int(step / self.steps_per_epoch) > int((step - 1) / self.steps_per_epoch)

    # Training and results.

    def train(self):
        info = self.program.info
        Progress.say(f"{self.args.model}: {self.task}, {len(self.train_data)} training examples, {self.schedule.total} "
                     f"steps of {self.args.batch * self.options.grad_accum}, recipe {info['recipe']}, "
                     f"{info['engine']} {info['cpu_isa']}, {info['threads']} threads")
        if self.resumed:
            self.trainer.resume()
        self.trainer.train()
        if self.eval_data:
            self.metrics = self.trainer.last_metrics or self._evaluate()
        self.state_sha256 = self.trainer.hash()
        self._save_results()

    def _file_entries(self):
        """The parameters that the run changed, as the file holds them: with adapters, the merged weights too."""
        if not self.adapter:
            return self.program.state_entries
        options = self.options.compiler_options(["grad"], **self.completion, **self.folder.checkpoint_option())
        return inspect(self.folder.path / "train.onnx", options)["state"]

    def _save_results(self):
        target = self.folder.path / "model"
        weights = results.parameters(self.program)
        if self.adapter:
            rank = self.adapter["ranks"][-1]
            weights, report = adapters.merge(weights, self.adapter, rank)
            Progress.say(f"adapters merged at rank {rank} (others: intq merge); {merge_text(report)}")
        results.save_weights(target, weights, None if self.is_onnx else self.checkpoint.config)
        results.copy_tokenizer(self.tokenizer_folder, target)
        entries = self._file_entries() if self.is_onnx else None
        if self.program.info["form"] == "A" and not self.adapter:
            self.program.save_checkpoint(target / "ort_checkpoint", lr=self.options.lr,
                                         step=self.program.info["optimizer_step"] + self.trainer.step)
        self.program.close()  # its memory is not needed for what follows
        if self.is_onnx:
            if why := results.save_graph(target, entries, self.folder.path / "train.onnx"):
                Progress.say(f"no model.onnx and trained.onnx: {why}; the weights are in model.safetensors")
        else:
            results.save_bert(target, self.checkpoint.config, self.checkpoint.prefix, self.task, self.label_names,
                              self.num_labels)
        title = f"{Path(self.args.model).name} · {self.args.task_preset or self.task} · {self.options.recipe}"
        plot_run(self.folder.read_log(), self.folder.path / "curves.png", title, self.metric)
        if self.metrics:
            Progress.say("held-out: " + "  ".join(f"{name} {value:.4f}" for name, value in self.metrics.items()))
        Progress.say(f"model (safetensors, ONNX): {target}\ncurves: {self.folder.path / 'curves.png'}")
