// What the runtime relies on: the floating-point state of the caller does not reach compiled code and
// comes back; state is updated in place; errors are diagnostics.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Executable.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include <cstdio>
#include <immintrin.h>
#include <vector>

using namespace mlir;
using namespace intq;

static int failures = 0;
static void expect(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

struct Fixture {
  Fixture() {
    context.loadDialect<func::FuncDialect, nn::NNDialect, IntqDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &d) { errors += d.str() + "\n"; });
  }
  std::unique_ptr<cpu::Executable> compile(StringRef text, cpu::Options options) {
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return nullptr;
    auto executable = cpu::Executable::compile(*module, options);
    return succeeded(executable) ? std::move(*executable) : nullptr;
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string errors;
};

// 2^18 elements: all threads of the team work.
static const char *kScale = R"(
func.func @half(%x: tensor<262144xf32>) -> tensor<262144xf32> {
  %y = nn.scale %x {factor = 0.5 : f32} : (tensor<262144xf32>) -> tensor<262144xf32>
  return %y : tensor<262144xf32>
})";

static void testFloatingPointState(cpu::Isa isa) {
  Fixture f;
  cpu::Options options;
  options.isa = isa;
  options.threads = 3;
  auto executable = f.compile(kScale, options);
  expect(executable != nullptr, "the module compiles");
  if (!executable)
    return;
  std::vector<float> x(262144, 0x1p-130f), y(x.size());
  const unsigned hostile = 0x1f80 | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON | _MM_ROUND_DOWN;
  unsigned before = _mm_getcsr();
  _mm_setcsr(hostile);
  SmallVector<std::string> nonfinite;
  LogicalResult result = executable->run("half", {x.data()}, {y.data()}, nonfinite);
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  expect(succeeded(result), "the run succeeds");
  expect((after & 0xffc0) == hostile, "the caller's control word comes back");
  expect(llvm::all_of(y, [](float v) { return v == 0x1p-131f; }), "subnormals are kept on every thread");
}

static void testStateInPlace() {
  Fixture f;
  auto executable = f.compile(R"(
func.func @step(%w: tensor<16xf32> {intq.state = "w"}, %g: tensor<16xf32>)
    -> (tensor<16xf32>, tensor<16xf32> {intq.state = "w"}) {
  %new = nn.add %w, %g : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %twice = nn.add %w, %w : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %twice, %new : tensor<16xf32>, tensor<16xf32>
})", {});
  expect(executable != nullptr, "the module compiles");
  if (!executable)
    return;
  std::vector<float> w(16, 1.0f), g(16, 2.0f), twice(16), copy(16);
  SmallVector<std::string> nonfinite;
  expect(succeeded(executable->run("step", {w.data(), g.data()}, {twice.data(), w.data()}, nonfinite)), "a step");
  expect(w[15] == 3.0f && twice[15] == 2.0f, "the new state is in the old place, the old was read before");
  expect(succeeded(executable->run("step", {w.data(), g.data()}, {twice.data(), copy.data()}, nonfinite)), "a step");
  expect(w[0] == 5.0f && copy[0] == 5.0f && twice[0] == 6.0f, "and copied where the caller wants it elsewhere");
  expect(failed(executable->run("other", {}, {}, nonfinite)), "an unknown function is a failure");
  expect(failed(executable->run("step", {w.data()}, {}, nonfinite)), "too few buffers are a failure");
}

static void testNonfiniteSites() {
  Fixture f;
  auto executable = f.compile(R"(
func.func @run(%x: tensor<2x16xf32>, %y: tensor<2x16xf32>) -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  %p = intq.quantize %x {site = "x"} : (tensor<2x16xf32>) -> !intq.q<2x16, i8, [1, *], f32>
  %q = intq.quantize %y {site = "y"} : (tensor<2x16xf32>) -> !intq.q<2x16, i8, [1, *], f32>
  %v = intq.dequantize %p : (!intq.q<2x16, i8, [1, *], f32>) -> tensor<2x16xf32>
  %w = intq.dequantize %q : (!intq.q<2x16, i8, [1, *], f32>) -> tensor<2x16xf32>
  return %v, %w : tensor<2x16xf32>, tensor<2x16xf32>
})", {});
  expect(executable != nullptr, "the module compiles");
  if (!executable)
    return;
  std::vector<float> x(32, 1.0f), y(32, 1.0f), v(32), w(32);
  y[20] = INFINITY;
  SmallVector<std::string> nonfinite;
  expect(succeeded(executable->run("run", {x.data(), y.data()}, {v.data(), w.data()}, nonfinite)), "a run");
  expect(nonfinite.size() == 1 && nonfinite[0] == "y", "the site of the bad block is named");
  expect(w[0] == 1.0f && w[20] == 0.0f && w[21] == 0.0f, "the bad row is zeros");
  nonfinite.clear();
  y[20] = 1.0f;
  expect(succeeded(executable->run("run", {x.data(), y.data()}, {v.data(), w.data()}, nonfinite)), "a run");
  expect(nonfinite.empty(), "status words do not outlive a run");
}

static void testUnsupportedIsaIsAnError() {
  Fixture f;
  cpu::Options options;
  options.isa = cpu::Isa::Amx;
  if (llvm::is_contained(cpu::supportedIsas(), options.isa))
    return;
  expect(!f.compile(kScale, options), "code that cannot run here is not compiled");
  expect(f.errors.find("expected an instruction set that this machine can run, but got amx") != std::string::npos,
         "the error names the instruction set");
}

int main() {
  for (cpu::Isa isa : cpu::supportedIsas())
    testFloatingPointState(isa);
  testStateInPlace();
  testNonfiniteSites();
  testUnsupportedIsaIsAnError();
  return failures != 0;
}
