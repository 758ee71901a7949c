// The check dialect: assertions for tests. Executed by the engines of intq-run.
#ifndef INTQ_CHECK_OPS
#define INTQ_CHECK_OPS
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::intq::check";
  let summary = "assertions for tests only";
}
def Check_Tensor : StaticShapeTensorOf<[F32, I32, I8, I16, F64]>;

def Check_ExpectEqOp : Op<Check_Dialect, "expect_eq", [SameTypeOperands]> {
  let summary = "fails the run unless both tensors are equal bit for bit";
  let arguments = (ins Check_Tensor:$actual, Check_Tensor:$expected);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual)";
}
def Check_ExpectCloseOp : Op<Check_Dialect, "expect_close", [SameTypeOperands]> {
  let summary = "fails the run unless |actual − expected| ≤ absolute + relative·|expected| everywhere";
  let arguments = (ins Check_Tensor:$actual, Check_Tensor:$expected,
    DefaultValuedAttr<F64Attr, "0.0">:$absolute, DefaultValuedAttr<F64Attr, "0.0">:$relative);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual)";
}
def Check_CodesOp : Op<Check_Dialect, "codes"> {
  let summary = "the codes and scales of a quantized tensor, for comparison";
  let arguments = (ins AnyType:$q);
  let results = (outs Check_Tensor:$codes, Check_Tensor:$scales);
  let assemblyFormat = "$q attr-dict `:` functional-type($q, results)";
}
def Check_ExpectNonfiniteOp : Op<Check_Dialect, "expect_nonfinite"> {
  let summary = "fails the run unless the status bit of `site` was raised (Spec N9)";
  let arguments = (ins StrAttr:$site);
  let assemblyFormat = "$site attr-dict";
}
#endif
