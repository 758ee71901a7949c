// Derivatives of the intq ops: the integer backward in the formats of the module's recipe.
#include "Rule.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Quantize/IntegerGradients.h"

using namespace mlir;
using namespace intq;

static FailureOr<IntegerGradients> gradients(Operation *op, Adjoint &adj) {
  auto func = op->getParentOfType<func::FuncOp>();
  auto recipe = func->getParentOfType<ModuleOp>()->getAttrOfType<RecipeAttr>(program::kRecipe);
  if (!recipe)
    return op->emitOpError("expected a module with an intq.recipe, which names the gradient's format");
  return IntegerGradients(adj.builder, op->getLoc(), recipe, program::getOrAddRng(func));
}

// Straight-through: rounding has the derivative of the identity.
static LogicalResult quantizeRule(QuantizeOp op, Adjoint &adj) {
  if (op.getFold())
    return op.emitOpError("has no derivative where it folds scales (a gradient's quantization)");
  adj.add(op.getLoc(), op.getX(), adj.get(op.getResult()));
  return success();
}

static LogicalResult dequantizeRule(DequantizeOp op, Adjoint &adj) {
  adj.add(op.getLoc(), op.getQ(), adj.get(op.getResult()));
  return success();
}

static LogicalResult linearRule(MatmulOp op, IntegerGradients &build, Adjoint &adj) {
  if (op.getTransposeA() || !op.getTransposeB())
    return op.emitOpError("expected a rank-2 product in the orientation of a linear layer, x·Wᵀ");
  Value g = adj.get(op.getResult());
  if (adj.isActive(op.getA()))
    adj.add(op.getLoc(), op.getA(), build.linearInput(g, op.getB(), op.getSite()));
  if (adj.isActive(op.getB()))
    adj.add(op.getLoc(), op.getB(), build.linearWeight(g, op.getA(), op.getSite()));
  if (op.getBias() && adj.isActive(op.getBias()))
    adj.add(op.getLoc(), op.getBias(), build.linearBias(g, op.getSite()));
  return success();
}

static LogicalResult matmulRule(MatmulOp op, Adjoint &adj) {
  FailureOr<IntegerGradients> build = gradients(op, adj);
  if (failed(build))
    return failure();
  auto aType = cast<QType>(op.getA().getType()), bType = cast<QType>(op.getB().getType());
  if (aType.getRank() == 2)
    return linearRule(op, *build, adj);
  Value g = adj.get(op.getResult());
  bool ta = op.getTransposeA(), tb = op.getTransposeB();
  std::string a = (op.getSite() + "/a_grad").str(), b = (op.getSite() + "/b_grad").str();
  if (adj.isActive(op.getA()))
    adj.add(op.getLoc(), op.getA(),
            ta ? build->product(g, op.getB(), false, tb, true, aType.getFloatType(), a)
               : build->product(g, op.getB(), true, false, !tb, aType.getFloatType(), a));
  if (adj.isActive(op.getB()))
    adj.add(op.getLoc(), op.getB(),
            tb ? build->product(g, op.getA(), true, true, ta, bType.getFloatType(), b)
               : build->product(g, op.getA(), false, !ta, false, bType.getFloatType(), b));
  return success();
}

static LogicalResult layerNormRule(LayerNormOp op, Adjoint &adj) {
  FailureOr<IntegerGradients> build = gradients(op, adj);
  if (failed(build))
    return failure();
  auto grads = build->layerNorm(adj.get(op.getY()), op.getX(), op.getRstd(), op.getWeight(), op.getSite());
  adj.add(op.getLoc(), op.getX(), grads.dx);
  adj.add(op.getLoc(), op.getWeight(), grads.dweight);
  adj.add(op.getLoc(), op.getBias(), grads.dbias);
  return success();
}

// Tables whose outputs are added share one cotangent, and so its codes.
static LogicalResult embeddingRule(EmbeddingOp op, Adjoint &adj) {
  FailureOr<IntegerGradients> build = gradients(op, adj);
  if (failed(build))
    return failure();
  Value g = adj.get(op.getResult()), codes;
  for (Operation *user : g.getUsers())
    for (Operation *reader : user->getUsers())
      if (isa<QuantizeOp>(user) && isa<EmbeddingGradOp>(reader))
        codes = user->getResult(0);
  if (!codes)
    codes = build->embeddingCodes(g, op.getSite());
  auto table = cast<QType>(op.getTable().getType()).getFloatType();
  adj.add(op.getLoc(), op.getTable(),
          EmbeddingGradOp::create(adj.builder, op.getLoc(), table, codes, op.getIds(),
                                  op.getPaddingIdxAttr()));
  return success();
}

// The mask is a function of the stream, so the adjoint of dropout is dropout, in float.
static LogicalResult dropoutRule(DropoutOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getQ(),
          nn::DropoutOp::create(adj.builder, op.getLoc(), g.getType(), g, op.getRng(),
                                op.getRatioAttr(), op.getStreamAttr()));
  return success();
}

static LogicalResult reshapeRule(ReshapeOp op, Adjoint &adj) {
  auto type = cast<QType>(op.getQ().getType()).getFloatType();
  adj.add(op.getLoc(), op.getQ(),
          adj.builder.createOrFold<nn::ReshapeOp>(op.getLoc(), type, adj.get(op.getResult())));
  return success();
}

void intq::attachIntqRules(MLIRContext *context) {
  attachRule<QuantizeOp, quantizeRule>(context);
  attachRule<DequantizeOp, dequantizeRule>(context);
  attachRule<MatmulOp, matmulRule>(context);
  attachRule<LayerNormOp, layerNormRule>(context);
  attachRule<EmbeddingOp, embeddingRule>(context);
  attachRule<DropoutOp, dropoutRule>(context);
  attachRule<ReshapeOp, reshapeRule>(context);
}
