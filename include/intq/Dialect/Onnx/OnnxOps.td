// The onnx dialect: an ONNX file as it is, interpreted by no one.
#ifndef INTQ_ONNX_OPS
#define INTQ_ONNX_OPS

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::intq::onnx";
  let useDefaultTypePrinterParser = 1;
  let summary = "the nodes of an ONNX file, one to one";
  let description = [{
    One generic `onnx.node` for every operator. What a node means is decided by
    the conversion to nn; this dialect only holds what the file says: domain, op type, the version of
    the domain that the file imports, attributes, names. Big float initializers are held by name, their
    bytes stay in the ParameterStore.
  }];
}

def Onnx_UndeclaredType : TypeDef<Onnx_Dialect, "Undeclared"> {
  let mnemonic = "undeclared";
  let summary = "type of a value of which the file declares neither shape nor element type";
}

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<Onnx_Dialect, mnemonic, traits>;

def Onnx_GraphOp : Onnx_Op<"graph", [IsolatedFromAbove, SingleBlock, NoRegionArguments]> {
  let summary = "the graph of a file";
  let description = [{
    Inputs are `onnx.input` ops, outputs the operands of `onnx.output`. `opsets` maps a domain
    to the version that the file imports. `producer` is what wrote the file. `metadata` holds the graph's
    own metadata.
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$ir_version, DictionaryAttr:$opsets,
                       OptionalAttr<StrAttr>:$producer, OptionalAttr<DictionaryAttr>:$metadata);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name attr-dict-with-keyword $body";
}
def Onnx_InputOp : Onnx_Op<"input"> {
  let summary = "a graph input";
  let description = [{`dims` holds one entry a dimension: a number, the name of a symbolic
    dimension, or "" for an unknown one.}];
  let arguments = (ins StrAttr:$name, ArrayAttr:$dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name $dims attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Onnx_InitializerOp : Onnx_Op<"initializer"> {
  let summary = "a tensor of the file";
  let description = [{Without `value` the bytes are in the ParameterStore under `name`.}];
  let arguments = (ins StrAttr:$name, OptionalAttr<ElementsAttr>:$value,
                       OptionalAttr<DictionaryAttr>:$metadata);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}
def Onnx_AbsentOp : Onnx_Op<"absent", [Pure]> {
  let summary = "an operand that a node leaves out";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, $_builder.getNoneType()); }]>];
}
def Onnx_NodeOp : Onnx_Op<"node"> {
  let summary = "a node of the graph";
  let description = [{
    `version` is the version of `domain` that the file imports. `output_names` holds one name a
    result, "" for one that is left out; operands are named by what defines them.
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, StrAttr:$op_type, StrAttr:$domain, I64Attr:$version,
                       StrAttr:$name, StrArrayAttr:$output_names, DictionaryAttr:$settings,
                       OptionalAttr<DictionaryAttr>:$metadata);
  let results = (outs Variadic<AnyType>:$outputs);
  let assemblyFormat = [{
    $op_type `(` $inputs `)` $settings attr-dict `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
}
def Onnx_OutputOp : Onnx_Op<"output", [Terminator, HasParent<"GraphOp">]> {
  let summary = "the outputs of the graph";
  let arguments = (ins Variadic<AnyType>:$outputs, StrArrayAttr:$names);
  let assemblyFormat = "$names `(` $outputs `)` attr-dict `:` type($outputs)";
  let hasVerifier = 1;
}
#endif
