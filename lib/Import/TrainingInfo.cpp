// What a file says of training: form E in `training_info`, and optimizer models, which are no graphs to train.
#include "GraphBuilder.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include <map>

using namespace mlir;
using namespace intq;

// The numbers of an optimizer model of ONNX Runtime are options here.
LogicalResult GraphBuilder::refuseOptimizer() {
  for (const auto &node : graph.node()) {
    if (node.domain() != "com.microsoft" || (node.op_type() != "AdamWOptimizer" && node.op_type() != "SGDOptimizerV2"))
      continue;
    std::map<llvm::StringRef, double> numbers = {{"alpha", 0.9}, {"beta", 0.999}, {"epsilon", 1e-8}, {"weight_decay", 1e-2},
                                                 {"adam_mode", 0}};
    for (const auto &attribute : node.attribute())
      if (auto it = numbers.find(attribute.name()); it != numbers.end())
        it->second = attribute.type() == ::onnx::AttributeProto::INT ? double(attribute.i()) : attribute.f();
    std::string options;
    if (node.op_type() == "AdamWOptimizer")
      llvm::raw_string_ostream(options) << llvm::format(
          ", and its numbers as --adam-mode %s --adam-betas %g,%g --adam-eps %g --weight-decay %g",
          numbers["adam_mode"] == 0 ? "torch" : "ort", numbers["alpha"], numbers["beta"], numbers["epsilon"],
          numbers["weight_decay"]);
    return findings.add("expected a training or forward graph, but got an optimizer model (" + node.op_type() +
                        "); hand in the training model" + options);
  }
  return success();
}

// H19: each binding names an initializer, once, and a result of the step. They are not carried out: updates are intq's.
static void checkBindings(const ::onnx::TrainingInfoProto &info, const ::onnx::GraphProto &step, Findings &findings) {
  llvm::StringSet<> initializers, results, bound;
  for (const auto &tensor : step.initializer())
    initializers.insert(tensor.name());
  for (const auto &node : step.node())
    for (const std::string &name : node.output())
      results.insert(name);
  for (const auto &binding : info.update_binding())
    if (!initializers.contains(binding.key()) || !results.contains(binding.value()) || !bound.insert(binding.key()).second)
      (void)findings.add("update_binding of `training_info`: expected an initializer, named once, and a result of the step, "
                         "but got " + quoted(binding.key()) + " and " + quoted(binding.value()));
}

// A step is the graph followed by the algorithm, in one namespace.
void GraphBuilder::mergeTrainingInfo() {
  if (model->training_info_size() == 0)
    return;
  if (model->training_info_size() > 1)
    return (void)findings.add("expected at most one entry of `training_info`, but got " +
                              llvm::Twine(model->training_info_size()) + "; export the forward graph with its loss");
  const auto &info = model->training_info(0);
  const auto &algorithm = info.algorithm();
  auto &step = *model->mutable_graph();
  step.mutable_node()->MergeFrom(algorithm.node());
  step.mutable_initializer()->MergeFrom(algorithm.initializer());
  step.mutable_sparse_initializer()->MergeFrom(algorithm.sparse_initializer());
  step.mutable_input()->MergeFrom(algorithm.input());
  step.mutable_value_info()->MergeFrom(algorithm.value_info());
  step.mutable_value_info()->MergeFrom(algorithm.output());
  checkBindings(info, step, findings);
  if (info.has_initialization())
    notes.push_back("the initialization in `training_info` is not run: the file's own values are the start");
}
