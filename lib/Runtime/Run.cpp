// Running a compiled function: inputs checked, buffers bound, non-finite values reported.
#include "Program.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace intq::runtime;

static bool checkOutput(const intq_array &array, const Port &port, std::string &error) {
  bool sameType = array.dtype == (port.type.getElementType().isInteger(32) ? INTQ_INT32 : INTQ_FLOAT);
  if (sameType && llvm::ArrayRef<int64_t>(array.shape, array.rank) == llvm::ArrayRef<int64_t>(port.shape))
    return true;
  error += "output '" + port.name + "': expected the shape and type of intq_info\n";
  return false;
}

template <typename Ports>
static std::vector<const intq_array *> match(llvm::ArrayRef<intq_array> arrays, Ports &ports,
                                             StringRef kind, bool required, std::string &error) {
  std::vector<const intq_array *> matched(ports.size(), nullptr);
  for (const intq_array &array : arrays) {
    auto it = llvm::find_if(ports, [&](const Port &p) { return p.name == array.name; });
    if (it == ports.end())
      error += (kind + " '" + array.name + "' is not one of this function\n").str();
    else
      matched[it - ports.begin()] = &array;
  }
  for (auto [port, array] : llvm::zip(ports, matched))
    if (required && !array)
      error += (kind + " '" + port.name + "': expected a value, but got none\n").str();
  return matched;
}

int Program::run(StringRef name, ArrayRef<intq_array> inputs, ArrayRef<intq_array> outputs,
                 const intq_run_options &options, std::string &error) {
  Function *f = function(name);
  if (!f) {
    error = ("expected a compiled function (" + llvm::join(functionNames, ", ") + "), but got '" + name + "'").str();
    return 2;
  }
  auto in = match(inputs, f->inputs, "input", true, error);
  auto out = match(outputs, f->outputs, "output", false, error);
  for (auto [array, port] : llvm::zip(in, f->inputs))
    if (array)
      readInput(*array, port, error);
  for (auto [array, port] : llvm::zip(out, f->outputs))
    if (array)
      checkOutput(*array, port, error);
  for (auto &slot : f->arguments)
    if (slot.source == Function::Source::State && !states[slot.index]->initialized)
      error += "parameter '" + states[slot.index]->name +
               "': expected a value from the file, a checkpoint or the caller, but got none\n";
  if (!error.empty())
    return 2;

  int32_t rng[4] = {static_cast<int32_t>(options.seed), static_cast<int32_t>(options.seed >> 32),
                    static_cast<int32_t>(options.step), static_cast<int32_t>(options.microbatch)};
  double lr = options.learning_rate;
  SmallVector<void *> arguments, results;
  for (auto &slot : f->arguments)
    arguments.push_back(slot.source == Function::Source::Input   ? f->inputs[slot.index].data.get()
                        : slot.source == Function::Source::State ? states[slot.index]->data.get()
                        : slot.source == Function::Source::Rng   ? static_cast<void *>(rng)
                                                                 : static_cast<void *>(&lr));
  for (auto &slot : f->results) {
    if (slot.source == Function::Source::State) {
      results.push_back(states[slot.index]->data.get());
      continue;
    }
    Port &port = f->outputs[slot.index];
    if (!out[slot.index] && !port.data)
      port.data = allocate(port.type);
    results.push_back(out[slot.index] ? out[slot.index]->data : port.data.get());
  }
  SmallVector<std::string> nonfinite;
  if (failed(f->engine->run(f->name, arguments, results, nonfinite))) {
    error = "the run failed";
    return 2;
  }
  for (auto &slot : f->results)
    if (slot.source == Function::Source::Output && f->outputs[slot.index].isLoss) {
      float loss;
      std::memcpy(&loss, out[slot.index] ? out[slot.index]->data : f->outputs[slot.index].data.get(), 4);
      if (!std::isfinite(loss))
        nonfinite.push_back("the loss");
    }
  if (nonfinite.empty())
    return 0;
  error = "step " + std::to_string(options.step + 1) + ": expected finite values, but got NaN or Inf in " +
          llvm::join(nonfinite, ", ");
  return 3;
}
