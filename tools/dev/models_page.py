#!/usr/bin/env python3
"""Writes docs/Models.md: every case of test/python/exported_models.py, exported by PyTorch, imported, and compared with
torch's autograd. Run it where torch, transformers and onnx are: models_page.py FOLDER; exports are kept there."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "test" / "python"), str(ROOT / "python")]
import exported_models as exported  # noqa: E402
import test_exporters  # noqa: E402

HEAD = """# Models

Which exports train. Every row was exported by PyTorch from a random model of two layers, imported, and its loss and all
gradients in binary32 compared with torch's autograd: each within 1e-5 of its norm (plus 1e-8 of the norm of all, for those
that are truly 0). Written by tools/dev/models_page.py; PyTorch {torch}, transformers {transformers}.

A name reads model, head, exporter, operator set, attention, `loss` (the file computes it) or `plain` (`--loss` adds it), and
`training` where nothing was folded (`optimize=False`; `TrainingMode.TRAINING, do_constant_folding=False`). MiniLM is a BERT.

Optimized exports of torch.export hold only the rows of the position table that the sequence length uses. Folded exports
of a masked language model hold the tied matrix twice, and train it apart; a note says so. TorchScript exports need
`--padding-idx input_ids=ID` where padded tokens reach the loss.

The same exports fused by ONNX Runtime's transformers optimizer (com.microsoft Attention, EmbedLayerNormalization,
SkipLayerNormalization, BiasGelu, FastGelu) are compared in test/python/test_optimized_exports.py, every family at levels 0 to 2.

| export | trains | not trained |
|---|---|---|
"""


def outcome(build, path, case):
    try:
        untrained = test_exporters.compare(build, path, case)
    except AssertionError as error:
        return "no: " + str(error).strip().splitlines()[0][:150].replace("|", "/"), ""
    return "yes", ", ".join(f"`{name}`" for name in untrained)


def main():
    import torch
    import transformers
    folder, build = pathlib.Path(sys.argv[1]), ROOT / "build" / "release"
    folder.mkdir(parents=True, exist_ok=True)
    text = HEAD.format(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)
    for case in exported.cases():
        trains, untrained = outcome(build, folder / f"{case}.onnx", case)
        print(case, trains, untrained, flush=True)
        text += f"| `{case}` | {trains} | {untrained} |\n"
    (ROOT / "docs" / "Models.md").write_text(text)


if __name__ == "__main__":
    main()
