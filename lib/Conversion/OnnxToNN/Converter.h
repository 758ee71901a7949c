// The state of one conversion: what is known of every ONNX value, and what has been
// built in nn so far.
#pragma once
#include "Tensor.h"
#include "View.h"
#include "intq/Conversion/OnnxToNN.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace intq::conversion {

/// A tensor of the file that can be a parameter: an initializer or a float input.
struct Source {
  std::string name;
  Shape shape;
  bool isInput = false;
  bool isTransposed = false; ///< the file holds the transpose of torch's orientation
  bool isBuffer = false;     ///< metadata: not trainable
  unsigned order = 0;
  mlir::DictionaryAttr metadata;
};

/// What is known of an ONNX value. Layout chains and scalings are kept aside until an op
/// needs the value, so that spellings that mean the same become the same.
struct Val {
  enum class Kind {
    Absent,
    Constant,       ///< `tensor`
    Parameter,      ///< `view` of `source` in torch's orientation; maybe `tensor` too
    Index,          ///< elements `index` of the integer input `base`, mapped by `table`
    Float,          ///< `scale` times `view` of the f32 value `base`
    Masked,         ///< attention scores as Float, with `keep`
    LogProbability, ///< log-softmax of the logits `base`, for the loss's gradient
    DropoutMask,    ///< of the dropout `stream`
    Deferred,       ///< no nn value; an error where one is needed
  };
  Kind kind = Kind::Absent;
  Elem elem = Elem::F32;
  Shape shape;
  bool isGradient = false;
  std::shared_ptr<const Tensor> tensor;
  const Source *source = nullptr;
  std::string rename; ///< canonical name that an Identity of the file gives a parameter
  mlir::Value base;
  View view;
  float scale = 1.0f;
  std::shared_ptr<const std::vector<int64_t>> index;
  std::optional<std::pair<double, double>> table; ///< values for mask 0 and 1; none: the input's own
  mlir::Value keep;
  std::string stream;
  float ratio = 0.0f;
  llvm::SmallSetVector<unsigned, 2> findings;

  bool is(Kind k) const { return kind == k; }
  /// The value of a constant with one distinct element.
  std::optional<double> uniform() const;
  int64_t rank() const { return shape.size(); }
};

class Converter {
public:
  Converter(mlir::ModuleOp module, onnx::GraphOp graph, const OnnxToNNOptions &options, ParameterStore *store,
            std::vector<std::string> &notes);
  mlir::LogicalResult run();

  // What nodes say.
  const Val &operand(onnx::NodeOp node, unsigned i) const;
  const Val &get(mlir::Value value) const;
  void set(onnx::NodeOp node, unsigned i, Val val);
  /// Every result of the node: what it is put off for, as a rule.
  void setAll(onnx::NodeOp node, const Val &val);
  std::string outputName(onnx::NodeOp node, unsigned i = 0) const;
  /// The node that defines `value`, through Identity; null for inputs and initializers.
  onnx::NodeOp definition(mlir::Value value) const;

  // Values.
  Val constant(Tensor tensor) const;
  Val floating(mlir::Value value) const;
  Val defer(onnx::NodeOp node, const llvm::Twine &why);
  /// For a node that needs `x`: what already kept `x` from being converted is the reason, else `why`.
  Val deferFor(onnx::NodeOp node, const Val &x, const llvm::Twine &why);
  /// A copy under another shape; nothing where the layout cannot express it.
  std::optional<Val> reshaped(const Val &val, llvm::ArrayRef<int64_t> shape);
  Val transposed(const Val &val, llvm::ArrayRef<int64_t> perm);
  /// Elements `index` of a constant or index map, in `shape`.
  Val selected(const Val &val, const std::vector<int64_t> &index, llvm::ArrayRef<int64_t> shape) const;
  /// An nn value of `val`; null for kinds without one.
  mlir::Value materialize(const Val &val);
  /// For ops that treat all leading dimensions as rows: without a reshape where possible.
  mlir::Value rows(const Val &val);
  /// i32 value of an Index or integer constant; null otherwise.
  mlir::Value integers(const Val &val);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value f32Constant(float value);

  // Parameters.
  bool isParameter(const Val &val, int64_t rank) const;
  /// The argument of a parameter in torch's orientation. `fxOp`, `fxArg`: where the metadata of
  /// `node` name it; `suffix`: weight or bias.
  mlir::Value parameter(const Val &val, onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                        llvm::StringRef suffix);
  /// A parameter of the metadata that the file has dropped because it is zero; null if none.
  mlir::Value droppedParameter(onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                               llvm::ArrayRef<int64_t> shape);
  /// A lookup in the rows of a table that the exporter has folded into `val`; null if it is none.
  mlir::Value foldedTable(const Val &val);
  llvm::StringRef parameterName(mlir::Value argument) const;
  /// Argument `index` (as printed) of the torch op that `node` came from, or "".
  llvm::StringRef fxArgument(onnx::NodeOp node, llvm::StringRef op, unsigned index) const;
  mlir::Value rng();
  /// Form B: the gradients of what the graph yields.
  void convertYield(onnx::NodeOp node);
  mlir::Value addInput(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, bool isInteger);

  mlir::Location loc(onnx::NodeOp node) const;
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape);

  mlir::OpBuilder builder;
  const OnnxToNNOptions &options;
  ParameterStore *store;
  std::vector<std::string> &notes;
  llvm::SetVector<mlir::Value> losses; ///< results of loss ops, in order
  llvm::DenseMap<mlir::Value, int64_t> paddings; ///< ids → the padding among them, whose row is not trained

private:
  struct Argument {
    mlir::Value value;
    mlir::NamedAttrList attributes;
    std::pair<unsigned, unsigned> order;
  };
  // Driver.
  mlir::LogicalResult checkForm();
  mlir::LogicalResult readExtension(llvm::ArrayRef<onnx::NodeOp> extension, const llvm::StringMap<mlir::Value> &tensors);
  bool readGradient(onnx::NodeOp node, const llvm::StringMap<mlir::Value> &tensors);
  /// Form B with a loss to add: the backward in the file starts from gradients that nobody knows.
  bool derivesBackward() const { return form == "D" || form == "E" || (form == "B" && !options.loss.empty()); }
  void checkOperands(onnx::NodeOp node);
  void checkAliasing();
  bool withinBudget(onnx::NodeOp node);
  void deferTensor(Val &val, llvm::StringRef name, const llvm::Twine &why);
  void deferInput(Val &val, llvm::StringRef name, const llvm::Twine &why);
  void writeTensorFindings(llvm::StringRef kind);
  void readInputs();
  void readInitializers();
  void findOrientations();
  void convertNode(onnx::NodeOp node);
  void checkDeclared(onnx::NodeOp node);
  mlir::LogicalResult finish();
  // Outputs (Outputs.cpp).
  struct Result {
    mlir::Value value;
    mlir::NamedAttrList attributes;
  };
  llvm::SmallVector<unsigned> differentiableYields();
  llvm::SmallVector<std::pair<mlir::Value, std::string>> fileOutputs();
  void collectOutputs(llvm::SmallVectorImpl<Result> &results);
  void collectGradients(llvm::SmallVectorImpl<Result> &results);
  mlir::Value buildLoss(llvm::ArrayRef<mlir::Value> outputs);
  llvm::SmallVector<mlir::Value> chosenLogits(llvm::ArrayRef<Result> results);
  void addLoss(llvm::SmallVectorImpl<Result> &results);
  mlir::Value emittedView(mlir::Value base, const View &view);
  mlir::Value materializeView(mlir::Value base, const View &view);
  void nameGradientSites(llvm::ArrayRef<Result> results);
  void requireValue(llvm::StringRef output, const Val &val);
  void orderArguments();
  void placeArguments();
  mlir::LogicalResult reportFindings();

  // Parameters.
  void readSignature();
  std::string canonicalName(const Val &val, onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                            llvm::StringRef suffix);
  mlir::Value addArgument(mlir::Type type, mlir::NamedAttrList attributes, std::pair<unsigned, unsigned> order);
  /// Whether the options train parameter `name`, which the file says is one that `canBe` trained.
  bool isTrained(llvm::StringRef name, bool canBe);
  void checkGlobs();
  void noteUntied(const Source &source, llvm::StringRef name);
  mlir::Value sourceArgument(const Source &source, llvm::StringRef name, bool inPosition);
  void noteUser(llvm::StringRef parameter, const Val &val, onnx::NodeOp node);
  void addUser(llvm::StringRef parameter, unsigned operand, llvm::StringRef result);
  void placeUsers();

  mlir::ModuleOp module;
  onnx::GraphOp graph;
  mlir::Block *block = nullptr;
  mlir::func::FuncOp func;
  std::string form = "D";
  std::string lossOutput; ///< of form E: what its Gradient differentiates; of B: the scalar that it yields
  mlir::Value lossValue;  ///< of form E: the same as a value
  onnx::NodeOp yield;     ///< of form B
  llvm::DenseMap<mlir::Value, Val> values;
  Val absent;
  std::vector<std::string> messages; ///< of deferred nodes
  std::map<std::string, std::pair<unsigned, std::vector<std::string>>> tensorFindings; ///< text → message, names
  int64_t folded = 0; ///< elements of constants and index maps made so far
  llvm::SmallSetVector<unsigned, 8> required; ///< messages that an output depends on
  std::vector<std::string> errors;
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<Argument> arguments;
  llvm::StringMap<mlir::Value> parameters; ///< by canonical name
  llvm::StringMap<bool> usedGlobs;         ///< of the options `train` and `freeze` that matched
  llvm::DenseMap<const Source *, mlir::Value> foldedTables;
  llvm::DenseMap<const Source *, std::string> scopeNames; ///< of anonymous initializers, by their first use
  llvm::DenseMap<mlir::Value, std::string> names;
  llvm::StringMap<llvm::SmallSetVector<mlir::Attribute, 2>> users; ///< canonical name → intq.users
  llvm::MapVector<mlir::Value, std::string> gradients; ///< onnx value → name of its parameter
  llvm::DenseSet<mlir::Value> bookkeeping;
  llvm::StringMap<std::string> signature;   ///< fx name → torch name
  llvm::StringMap<unsigned> signatureOrder; ///< torch name → position
  mlir::Value rngArgument;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::pair<llvm::SmallVector<Factor>, mlir::Value>, 2>> emittedViews;
};

// Attributes of nodes.
int64_t intAttr(onnx::NodeOp node, llvm::StringRef name, int64_t byDefault);
double floatAttr(onnx::NodeOp node, llvm::StringRef name, double byDefault);
std::optional<Shape> intsAttr(onnx::NodeOp node, llvm::StringRef name);
llvm::StringRef stringAttr(onnx::NodeOp node, llvm::StringRef name, llvm::StringRef byDefault);
/// Whether elements can be picked while converting: constants and index maps.
inline bool isSelectable(const Val &val) { return val.is(Val::Kind::Constant) || val.is(Val::Kind::Index); }
/// Integers of a constant operand.
std::optional<Shape> constantInts(const Val &val);
/// Axis in [0, rank) from one that may be negative.
std::optional<int64_t> normalizedAxis(int64_t axis, int64_t rank);
/// `op` of domain "" (`opOf(node) == "Add"`); other domains are "domain::op".
std::string opOf(onnx::NodeOp node);

/// How many leading operands an operator requires; 0 for operators that nothing here reads.
unsigned requiredOperands(llvm::StringRef op, int64_t version);

/// What converts a node whose operands are known. Sets all results.
using Handler = void (*)(Converter &, onnx::NodeOp);
/// What recognizes a node as the last of a spelled-out layer; false: it is not.
using Recognizer = bool (*)(Converter &, onnx::NodeOp);
struct Handlers {
  llvm::StringMap<Handler> nodes;
  llvm::StringMap<llvm::SmallVector<Recognizer, 2>> recognizers;
};
void addLayoutNodes(Handlers &handlers);
void addLinearNodes(Handlers &handlers);
void addAttentionNodes(Handlers &handlers);
void addNormalizationNodes(Handlers &handlers);
void addActivationNodes(Handlers &handlers);
void addArithmeticNodes(Handlers &handlers);
void addIndexingNodes(Handlers &handlers);
void addLossNodes(Handlers &handlers);
void addGradientNodes(Handlers &handlers);
void addFusedNodes(Handlers &handlers);
void addOrtModuleNodes(Handlers &handlers);

/// Results 0 to 2: layer norm, mean, deviation of `x`.
void setLayerNorm(Converter &c, onnx::NodeOp node, const Val &x, const Val &weight, const Val &bias, double epsilon);
/// Result 0: GELU of `x`.
void setGelu(Converter &c, onnx::NodeOp node, const Val &x, nn::GeluApproximation approximate);
/// The rows `ids` of `table`; `padding`: the row without gradient, where the operator says it (−1: none).
Val lookup(Converter &c, onnx::NodeOp node, const Val &table, const Val &ids, std::optional<int64_t> padding = std::nullopt);
/// a · b.
Val product(Converter &c, onnx::NodeOp node, const Val &a, const Val &b);
/// The Gemm of `node`, with its bias.
Val gemm(Converter &c, onnx::NodeOp node);
/// `product`, a linear layer without bias, with `bias`; nothing where they are something else.
std::optional<Val> addBias(Converter &c, onnx::NodeOp node, const Val &product, const Val &bias);

/// How ONNX Runtime names the buffer of a parameter's gradient: <parameter>_grad.accumulation.buffer.
inline constexpr llvm::StringLiteral kBufferSuffix = "_grad.accumulation.buffer";

/// `text` with control characters and what changes the direction of writing escaped (H7).
std::string printable(llvm::StringRef text);

/// Folds a node of constants, or of constants and index maps; false where it cannot.
bool foldNode(Converter &c, onnx::NodeOp node);

} // namespace intq::conversion
