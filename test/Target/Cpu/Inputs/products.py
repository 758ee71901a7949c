"""Functions of matrix products on random or extreme operands, for intq-run --engine=all.

    products.py integer|blocks|float|extreme|parallel

One function a case; its result is compared bit by bit between the engines.
"""
import random
import struct
import sys

random.seed(20)


def constant(name, shape, extreme):
    """An f32 constant; extreme: only ±1, so that every code is ±(2^(b-1) − 1)."""
    count = 1
    for size in shape:
        count *= size
    values = [random.choice((-1.0, 1.0)) if extreme else random.uniform(-1, 1) for _ in range(count)]
    data = struct.pack(f"<{count}f", *values).hex().upper()
    return f'  %{name} = nn.constant dense<"0x{data}"> : {tensor(shape)}' if count > 1 else \
        f"  %{name} = nn.constant dense<{values[0]:.9e}> : {tensor(shape)}"


def dims(shape):
    return "x".join(map(str, shape))


def tensor(shape):
    return f"tensor<{dims(shape)}xf32>"


class Operand:
    """codes: width, or None for f32. along: scale block along k ('*': one), across: that of the rows."""

    def __init__(self, name, batch, rows, k, k_last, width, along, across):
        self.name, self.width = name, width
        self.shape = (*batch, rows, k) if k_last else (*batch, k, rows)
        lead = ["*" if across == "*" else 1] * len(batch)
        self.block = lead + ([across, along] if k_last else [along, across])

    def type(self, kind="f32"):
        if self.width is None:
            return tensor(self.shape)
        return f"!intq.q<{dims(self.shape)}, i{self.width}, [{', '.join(map(str, self.block))}], {kind}>"

    def lines(self, extreme, unit):
        yield constant(self.name if self.width is None else f"{self.name}_f", self.shape, extreme)
        if self.width is None:
            return
        q = f"{self.name}_q" if unit else self.name
        yield (f'  %{q} = intq.quantize %{self.name}_f {{site = "{self.name}"}} : ({tensor(self.shape)}) '
               f"-> {self.type()}")
        if unit:
            scales = tensor([1 if b == "*" else s for b, s in zip(self.block, self.shape)])
            yield (f"  %{self.name}, %{self.name}_s = intq.unscale %{q} : ({self.type()}) "
                   f"-> ({self.type('unit')}, {scales})")


def product(name, m, n, k, orientation, widths=(None, None), batch=(), along="*", across=(1, 1),
            unit="", bias=False, extreme=False):
    """orientation: N or T an operand, as in BLAS. unit: operands (a, b) whose scales are taken off."""
    a = Operand("a", batch, m, k, orientation[0] == "N", widths[0], "*" if "a" in unit else along, across[0])
    b = Operand("b", batch, n, k, orientation[1] == "T", widths[1], "*" if "b" in unit else along, across[1])
    out = tensor((*batch, m, n))
    print(f"func.func @{name}() -> {out} {{")
    for line in [*a.lines(extreme, "a" in unit), *b.lines(extreme, "b" in unit)]:
        print(line)
    types = [x.type("unit" if x.name in unit else "f32") for x in (a, b)]
    flags = ["transpose_a"] * (orientation[0] == "T") + ["transpose_b"] * (orientation[1] == "T")
    bias_use = ""
    if bias:
        print(constant("bias", (n,), False))
        bias_use, types = " bias %bias", types + [tensor((n,))]
    op = "nn.matmul" if widths[0] is None else "intq.matmul"
    attributes = ", ".join([*flags, 'site = "c"'])
    print(f"  %c = {op} %a, %b{bias_use} {{{attributes}}} : ({', '.join(types)}) -> {out}")
    print(f"  return %c : {out}\n}}")


def integer():
    product("one", 1, 1, 1, "NT", (8, 8))
    product("two_by_two", 2, 2, 2, "NN", (8, 8), bias=True)
    product("tile_plus_one", 13, 33, 65, "NT", (8, 8), bias=True)
    product("tile_minus_one", 11, 31, 63, "NN", (8, 8))
    product("rows_then_columns", 25, 49, 67, "TN", (8, 8))
    product("both_transposed", 9, 20, 19, "TT", (5, 7))
    product("tensor_scales", 12, 32, 64, "NT", (8, 8), across=("*", "*"))
    product("mixed_scales", 12, 40, 64, "NN", (8, 8), across=("*", 1), bias=True)
    product("unit_left", 7, 34, 30, "NN", (8, 8), unit="a")
    product("unit_both", 7, 34, 30, "NT", (8, 8), unit="ab", bias=True)
    product("blocks", 10, 35, 600, "TN", (8, 8), along=256, unit="b")
    product("short_blocks", 10, 35, 29, "TN", (8, 12), along=6, unit="b")
    product("blocks_both", 5, 18, 300, "NT", (8, 8), along=64, bias=True)
    product("attention12", 17, 19, 33, "NT", (12, 12), batch=(2, 5))
    product("attention12_values", 17, 33, 18, "NN", (12, 12), batch=(2, 2))
    product("attention12_gradient", 17, 40, 35, "TN", (12, 12), batch=(3,), unit="a")
    product("attention8", 9, 64, 16, "NN", (8, 8), batch=(3, 3), across=("*", 1))
    product("wide_and_narrow", 13, 33, 70, "NT", (12, 8))
    product("narrow_and_wide", 13, 33, 70, "TN", (4, 16))
    product("whole", 16, 64, 128, "NT", (8, 8), bias=True)
    product("whole_columns", 24, 64, 512, "TN", (8, 8), along=256, unit="b")
    product("whole_blocks", 16, 32, 256, "NT", (8, 8), along=64)
    product("whole_attention", 8, 32, 64, "NN", (12, 12), batch=(2, 5))
    product("sixteen", 13, 33, 70, "NT", (16, 16), bias=True)
    product("sixteen_columns", 6, 17, 1100, "TN", (16, 16), along=256, unit="b")
    product("sixteen_blocks", 6, 17, 41, "NN", (16, 9), along=5)


def blocks():
    """Blocks along the contraction of both operands: square ones and rows, at sizes around theirs, in the three
    orientations of a linear layer."""
    for form, along, across in (("tiles", 32, 32), ("rows", 32, 1), ("tiles", 64, 64)):
        for n, size in enumerate((1, along - 1, along, along + 1, 2 * along + 3)):
            product(f"{form}{along}_{size}", along + 1, 33, size, ("NT", "NN", "TN")[n % 3], (8, 8), along=along, across=(across, across))
    for size in (1, 31, 32, 33):
        product(f"tiles_of_{size}_columns", 5, size, 64, "NT", (8, 8), along=32, across=(32, 32), bias=True)
    product("tiles_whole_NT", 96, 64, 192, "NT", (8, 8), along=64, across=(64, 64), bias=True)
    product("tiles_whole_NN", 96, 64, 192, "NN", (8, 8), along=64, across=(64, 64))
    product("tiles_whole_TN", 96, 64, 192, "TN", (8, 8), along=64, across=(64, 64))
    product("rows_whole_NN", 96, 64, 192, "NN", (8, 8), along=32)
    product("tiles_and_rows", 70, 40, 100, "TN", (8, 8), along=32, across=(32, 1))
    product("tiles_and_unit", 70, 40, 100, "NN", (8, 8), along=32, across=(32, 1), unit="b")
    product("tiles_batch", 34, 40, 70, "NT", (8, 8), batch=(2, 3), along=32, across=(32, 32))
    product("tiles12_batch", 34, 40, 70, "TN", (12, 12), batch=(3,), along=32, across=(32, 32))
    product("tiles16", 34, 40, 70, "NT", (16, 16), along=32, across=(32, 32))


def floating():
    product("one", 1, 1, 1, "NN")
    product("chunks", 13, 33, 515, "NT")
    product("whole", 24, 64, 300, "NT")
    product("columns", 11, 31, 257, "TN")
    product("batch", 5, 2, 40, "NN", batch=(3, 3))
    product("both_transposed", 4, 17, 256, "TT")
    print("""func.func @linear() -> (tensor<3x5x34xf32>, tensor<3x5x70xf32>, tensor<34x70xf32>) {""")
    for name, shape in (("x", (3, 5, 70)), ("w", (34, 70)), ("b", (34,)), ("dy", (3, 5, 34))):
        print(constant(name, shape, False))
    print("""  %y = nn.linear %x, %w bias %b {site = "w"} : (tensor<3x5x70xf32>, tensor<34x70xf32>, tensor<34xf32>) -> tensor<3x5x34xf32>
  %dx = nn.linear_input_grad %dy, %w {site = "w"} : (tensor<3x5x34xf32>, tensor<34x70xf32>) -> tensor<3x5x70xf32>
  %dw = nn.linear_weight_grad %dy, %x {site = "w"} : (tensor<3x5x34xf32>, tensor<3x5x70xf32>) -> tensor<34x70xf32>
  return %y, %dx, %dw : tensor<3x5x34xf32>, tensor<3x5x70xf32>, tensor<34x70xf32>
}""")


def extreme():
    """All codes ±max: no partial sum may wrap or saturate (Spec N1)."""
    for widths in ((8, 8), (12, 12), (12, 8), (16, 8), (16, 12), (16, 16)):
        product("w{}_{}".format(*widths), 5, 18, 1300, "NT", widths, extreme=True)
    product("w16_16_columns", 3, 33, 700, "TN", (16, 16), extreme=True)
    product("w13_13_chunks", 3, 33, 1025, "NN", (13, 13), extreme=True)


def parallel():
    """Large enough for several threads in every phase."""
    product("nt", 130, 170, 200, "NT", (8, 8), bias=True)
    product("tn", 100, 130, 530, "TN", (8, 8), along=256, unit="b")
    product("tiles", 130, 170, 200, "NN", (8, 8), along=32, across=(32, 32))
    product("attention", 65, 66, 34, "NT", (12, 12), batch=(3, 5))
    product("float", 70, 90, 300, "NN")


if __name__ == "__main__":
    {"integer": integer, "blocks": blocks, "float": floating, "extreme": extreme, "parallel": parallel}[sys.argv[1]]()
