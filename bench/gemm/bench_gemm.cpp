// intq-bench-gemm: rate and share of the peak of every kind of matrix product of a training step.
//
// Each kernel is compiled alone, checked against plain loops (all bits), and timed.
#include "EmulateAmx.h"
#include "GemmPlan.h"
#include "Jit.h"
#include "Peak.h"
#include "RunScope.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Executable.h"
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

using namespace mlir;
using namespace intq::cpu;
namespace cl = llvm::cl;

static cl::opt<std::string>
    isaOption("isa", cl::desc("generic, avx2, avx-vnni, avx512-vnni, amx; default: the best"));
static cl::opt<unsigned> threads("team", cl::desc("threads that share a product"), cl::init(1));
static cl::opt<std::string> only("only", cl::desc("cases whose name contains this"));
static cl::opt<std::string> dump("dump", cl::desc("folder for the code of the last case"));
static cl::opt<bool> emulate("emulate-amx", cl::desc("run --isa=amx on any machine, slowly"));
static cl::opt<bool> compileOnly("compile-only", cl::desc("do not run"));

namespace {
struct Case {
  const char *name;
  int64_t batch, m, n, k;
  bool transposeA, transposeB;
  unsigned widthA, widthB; // 0: f32
  int64_t block = 0;       // scale blocks along k
  bool bias = false;
  int64_t rowBlock = 0; // of both operands outside k; 0: one a row, and with blocks the right operand is unit

  bool rightIsUnit() const { return block && !rowBlock; }
};
} // namespace

static constexpr Case kCases[] = {
    {"i8 NT 1024x768x768", 1, 1024, 768, 768, false, true, 8, 8, 0, true},
    {"i8 NT 1024x3072x768", 1, 1024, 3072, 768, false, true, 8, 8, 0, true},
    {"i8 NT 1024x768x3072", 1, 1024, 768, 3072, false, true, 8, 8, 0, true},
    {"i8 NN 1024x768x768", 1, 1024, 768, 768, false, false, 8, 8},
    {"i8 NN 1024x768x3072", 1, 1024, 768, 3072, false, false, 8, 8},
    {"i8 NN 1024x3072x768", 1, 1024, 3072, 768, false, false, 8, 8},
    {"i8 TN 768x768x1024 b256", 1, 768, 768, 1024, true, false, 8, 8, 256},
    {"i8 TN 3072x768x1024 b256", 1, 3072, 768, 1024, true, false, 8, 8, 256},
    {"i8 TN 768x3072x1024 b256", 1, 768, 3072, 1024, true, false, 8, 8, 256},
    {"i8 NT 2048x384x384", 1, 2048, 384, 384, false, true, 8, 8, 0, true},
    {"i8 NT 2048x1536x384", 1, 2048, 1536, 384, false, true, 8, 8, 0, true},
    {"i8 NT 2048x384x1536", 1, 2048, 384, 1536, false, true, 8, 8, 0, true},
    {"i8 TN 384x1536x2048 b256", 1, 384, 1536, 2048, true, false, 8, 8, 256},
    {"tile8 NT 1024x768x768 b64", 1, 1024, 768, 768, false, true, 8, 8, 64, true, 64},
    {"tile8 NT 1024x3072x768 b64", 1, 1024, 3072, 768, false, true, 8, 8, 64, true, 64},
    {"tile8 NT 1024x768x3072 b64", 1, 1024, 768, 3072, false, true, 8, 8, 64, true, 64},
    {"tile8 NN 1024x768x768 b64", 1, 1024, 768, 768, false, false, 8, 8, 64, false, 64},
    {"tile8 NN 1024x3072x768 b64", 1, 1024, 3072, 768, false, false, 8, 8, 64, false, 64},
    {"tile8 TN 768x768x1024 b64", 1, 768, 768, 1024, true, false, 8, 8, 64, false, 64},
    {"tile8 TN 3072x768x1024 b64", 1, 3072, 768, 1024, true, false, 8, 8, 64, false, 64},
    {"mx8 NT 1024x768x768 b32", 1, 1024, 768, 768, false, true, 8, 8, 32, true, 1},
    {"mx8 NT 1024x768x3072 b32", 1, 1024, 768, 3072, false, true, 8, 8, 32, true, 1},
    {"mx8 NN 1024x768x768 b32", 1, 1024, 768, 768, false, false, 8, 8, 32, false, 1},
    {"mx8 TN 768x768x1024 b32", 1, 768, 768, 1024, true, false, 8, 8, 32, false, 1},
    {"mx8 TN 3072x768x1024 b32", 1, 3072, 768, 1024, true, false, 8, 8, 32, false, 1},
    {"i12 NT 96x128x128x64", 96, 128, 128, 64, false, true, 12, 12},
    {"i12 NN 96x128x64x128", 96, 128, 64, 128, false, false, 12, 12},
    {"i12 TN 96x128x64x128", 96, 128, 64, 128, true, false, 12, 12},
    {"i12 NT 192x64x64x32", 192, 64, 64, 32, false, true, 12, 12},
    {"i8 NT 96x128x128x64", 96, 128, 128, 64, false, true, 8, 8},
    {"i12 NT 1024x768x768", 1, 1024, 768, 768, false, true, 12, 12},
    {"i12·i8 NT 1024x768x768", 1, 1024, 768, 768, false, true, 12, 8},
    {"i16 NT 1024x768x768", 1, 1024, 768, 768, false, true, 16, 16},
    {"f32 NT 1024x768x768", 1, 1024, 768, 768, false, true, 0, 0},
    {"f32 TN 768x3072x1024", 1, 768, 3072, 1024, true, false, 0, 0},
    {"f32 NT 96x128x128x64", 96, 128, 128, 64, false, true, 0, 0},
    // Odd sizes, for the check only: tails of every kind.
    {"odd i8 NT 3x13x33x65", 3, 13, 33, 65, false, true, 8, 8},
    {"odd i8 TN 25x31x131 b32", 1, 25, 31, 131, true, false, 8, 8, 32},
    {"odd i8 TN 25x31x131 b5", 1, 25, 31, 131, true, false, 8, 8, 5},
    {"odd i8 NN 1x2x3", 1, 1, 2, 3, false, false, 8, 8},
    {"odd i8 TT 17x19x23", 1, 17, 19, 23, true, true, 8, 8},
    {"odd i8 NT 3x64x33x128 amx", 3, 64, 33, 128, false, true, 8, 8},
    {"odd i8 NN 33x70x700 amx", 1, 33, 70, 700, false, false, 8, 8},
    {"odd i8 TN 40x70x700 b256 amx", 1, 40, 70, 700, true, false, 8, 8, 256},
    {"odd tile8 NN 2x70x40x150 b32 amx", 2, 70, 40, 150, false, false, 8, 8, 32, false, 32},
    {"odd mx8 TN 33x70x131 b32 amx", 1, 33, 70, 131, true, false, 8, 8, 32, true, 1},
    {"odd mx8 NT 64x33x128 b32 amx", 1, 64, 33, 128, false, true, 8, 8, 32, false, 1},
    {"odd i12 NN 9x7x49x77", 9, 7, 49, 77, false, false, 12, 12},
    {"odd i12 NT 13x33x1029", 1, 13, 33, 1029, false, true, 12, 12},
    {"odd i16 TN 13x33x1501", 1, 13, 33, 1501, true, false, 16, 16},
    {"odd i16 NT 13x33x1501", 1, 13, 33, 1501, false, true, 16, 16},
    {"odd i16·i9 NT 13x33x301 b7", 1, 13, 33, 301, false, true, 16, 9, 7},
    {"odd f32 TN 13x33x777", 1, 13, 33, 777, true, false, 0, 0},
    {"odd f32 NT 5x13x2x257", 5, 13, 2, 257, false, true, 0, 0},
};

// ---- The op as text

static std::string shape(std::initializer_list<int64_t> sizes) {
  std::string text;
  for (int64_t s : sizes)
    text += (text.empty() ? "" : "x") + std::to_string(s);
  return text;
}

static std::string operandType(const Case &c, bool left) {
  bool transposed =
      left ? c.transposeA : !c.transposeB; // k is the first of the two last dimensions
  int64_t rows = left ? c.m : c.n;
  std::string dims = transposed ? shape({c.batch, c.k, rows}) : shape({c.batch, rows, c.k});
  unsigned width = left ? c.widthA : c.widthB;
  if (!width)
    return "tensor<" + dims + "xf32>";
  std::string along = c.block ? std::to_string(c.block) : "*";
  std::string across = std::to_string(std::max<int64_t>(1, c.rowBlock));
  std::string block = transposed ? "[1, " + along + ", " + across + "]" : "[1, " + across + ", " + along + "]";
  const char *kind = c.rightIsUnit() && !left ? "unit" : "f32";
  return "!intq.q<" + dims + ", i" + std::to_string(width) + ", " + block + ", " + kind + ">";
}

static std::string moduleText(const Case &c) {
  std::string a = operandType(c, true), b = operandType(c, false), flags;
  std::string out = "tensor<" + shape({c.batch, c.m, c.n}) + "xf32>";
  std::string bias = "tensor<" + std::to_string(c.n) + "xf32>";
  flags += c.transposeA ? "transpose_a, " : "";
  flags += c.transposeB ? "transpose_b, " : "";
  return "func.func @f(%a: " + a + ", %b: " + b + ", %c: " + bias + ") -> " + out +
         " {\n  %0 = " + (c.widthA ? "intq.matmul" : "nn.matmul") + " %a, %b " +
         (c.bias ? "bias %c " : "") + "{" + flags + "site = \"s\"} : (" + a + ", " + b +
         (c.bias ? ", " + bias : "") + ") -> " + out + "\n  return %0 : " + out + "\n}\n";
}

// ---- Data and the check

namespace {
struct Buffer {
  std::vector<char> storage;
  void *data() {
    return storage.data() + (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64;
  }
};
} // namespace

/// Random content; codes over their whole range.
static void fill(Buffer &buffer, MemRefType type, unsigned width, std::mt19937 &random) {
  int64_t n = type.getNumElements();
  Type element = type.getElementType();
  buffer.storage.resize(n * element.getIntOrFloatBitWidth() / 8 + 128);
  int32_t maxCode = (1 << (width ? width - 1 : 7)) - 1;
  for (int64_t i = 0; i < n; ++i) {
    int32_t code = static_cast<int32_t>(random() % (2 * maxCode + 1)) - maxCode;
    if (element.isF32())
      static_cast<float *>(buffer.data())[i] =
          std::ldexp(static_cast<float>(random() % 65536) - 32768.0f, -16);
    else if (element.isInteger(8))
      static_cast<int8_t *>(buffer.data())[i] = code;
    else if (element.isInteger(16))
      static_cast<int16_t *>(buffer.data())[i] = code;
  }
}

namespace {
/// Reads the arguments of a kernel as [batch, row, k].
struct Checker {
  const Case &c;
  std::vector<Buffer> &buffers;

  template <class T> T at(int64_t argument, int64_t i) const {
    return static_cast<T *>(buffers[argument].data())[i];
  }
  int64_t code(int64_t argument, unsigned width, int64_t i) const {
    return width <= 8 ? at<int8_t>(argument, i) : at<int16_t>(argument, i);
  }
  int64_t offset(bool left, int64_t batch, int64_t row, int64_t k) const {
    bool transposed = left ? c.transposeA : !c.transposeB;
    int64_t rows = left ? c.m : c.n;
    return batch * rows * c.k + (transposed ? k * rows + row : row * c.k + k);
  }
  /// Of the scale of a row in block q.
  int64_t scaleIndex(bool left, int64_t batch, int64_t row, int64_t q, int64_t blocks) const {
    int64_t rowBlock = std::max<int64_t>(1, c.rowBlock), rows = llvm::divideCeil(left ? c.m : c.n, rowBlock);
    bool transposed = left ? c.transposeA : !c.transposeB;
    return batch * rows * blocks + (transposed ? q * rows + row / rowBlock : row / rowBlock * blocks + q);
  }
  float expected(int64_t batch, int64_t m, int64_t n) const;
};
} // namespace

float Checker::expected(int64_t batch, int64_t m, int64_t n) const {
  int64_t block = c.widthA ? (c.block ? c.block : c.k) : 256, blocks = llvm::divideCeil(c.k, block);
  int64_t argB = c.widthA ? 2 : 1, argBias = c.rightIsUnit() ? 3 : 4;
  float out = 0;
  for (int64_t q = 0; q < blocks; ++q) {
    int64_t sum = 0;
    float acc = 0;
    for (int64_t k = q * block; k < std::min(c.k, (q + 1) * block); ++k)
      if (c.widthA)
        sum += code(0, c.widthA, offset(true, batch, m, k)) *
               code(argB, c.widthB, offset(false, batch, n, k));
      else
        acc = std::fma(at<float>(0, offset(true, batch, m, k)),
                       at<float>(1, offset(false, batch, n, k)), acc);
    if (!c.widthA) {
      out += acc;
      continue;
    }
    float factor = at<float>(1, scaleIndex(true, batch, m, q, blocks));
    if (!c.rightIsUnit())
      factor *= at<float>(3, scaleIndex(false, batch, n, q, blocks));
    out = blocks == 1 ? static_cast<float>(sum) * factor
                      : std::fma(static_cast<float>(sum), factor, out);
  }
  return c.bias ? out + at<float>(argBias, n) : out;
}

/// Wrong results among all (small products) or among some thousands.
static int64_t countErrors(const Checker &check, const float *result, std::mt19937 &random) {
  const Case &c = check.c;
  int64_t total = c.batch * c.m * c.n, errors = 0, samples = std::min<int64_t>(total, 4000);
  for (int64_t s = 0; s < samples; ++s) {
    int64_t i = samples == total ? s : random() % total;
    float expected = check.expected(i / (c.m * c.n), i / c.n % c.m, i % c.n);
    errors += std::memcmp(&expected, &result[i], sizeof(float)) != 0;
  }
  return errors;
}

// ---- One case

/// The module of the kernel alone, lowered; and the types of its arguments.
static OwningOpRef<ModuleOp> lowerKernel(MLIRContext &context, const Case &c, Isa isa,
                                         SmallVector<MemRefType> &arguments) {
  auto source = parseSourceString<ModuleOp>(moduleText(c), &context);
  if (!source)
    return nullptr;
  Operation &op = (*source->getOps<func::FuncOp>().begin()).getBody().front().front();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  KernelBuilder builder(*module, "kernel", &op, isa);
  if (failed(kernelRegistry().lookup(op.getName().getStringRef()).emit(builder)))
    return nullptr;
  builder.function.setPublic();
  for (Type type : builder.function.getArgumentTypes())
    arguments.push_back(cast<MemRefType>(type));
  if (emulate)
    emulateAmx(*module);
  PassManager pm(&context);
  buildLLVMPipeline(pm, isa);
  if (failed(pm.run(*module)))
    return nullptr;
  return module;
}

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Of this process: compilation is timed while others work.
static double processorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

static double measure(Entry entry, void **arguments, double operations) {
  RunScope scope(threads);
  int repeat = std::max<int>(1, 2e8 / operations);
  double best = 1e9, end = seconds() + 0.3;
  auto now = threads == 1 ? threadSeconds : seconds;
  for (int i = 0; i < 5 || seconds() < end; ++i) {
    double start = now();
    for (int r = 0; r < repeat; ++r)
      entry(arguments);
    best = std::min(best, (now() - start) / repeat);
  }
  return best;
}

static GemmDot dotOf(const Case &c, Isa isa) {
  auto element = [](unsigned width) {
    return !width ? GemmElement::F32 : width <= 8 ? GemmElement::I8 : GemmElement::I16;
  };
  int64_t block = c.block ? c.block : c.k;
  GemmProblem p{c.batch,           c.m,           c.n,          c.k, block, element(c.widthA),
                element(c.widthB), !c.transposeA, c.transposeB, 127, 127};
  return planGemm(p, isa).kernel.dot;
}

static bool runCase(MLIRContext &context, const Case &c, Isa isa) {
  double start = processorSeconds();
  SmallVector<MemRefType> types;
  GemmDot dot = dotOf(c, isa);
  OwningOpRef<ModuleOp> module = lowerKernel(context, c, isa, types);
  if (!module)
    return false;
  Options options;
  options.isa = emulate ? supportedIsas().front() : isa;
  options.dumpDir = dump;
  double lowered = processorSeconds();
  FailureOr<std::string> object = generateCode(*module, {"kernel"}, options);
  if (failed(object))
    return false;
  auto jit = llvm::cantFail(link(*object, {"kernel"}, options.isa));
  double compiled = processorSeconds();
  if (compileOnly)
    return true;
  std::mt19937 random(7);
  std::vector<Buffer> buffers(types.size());
  SmallVector<void *> arguments;
  for (auto [i, type] : llvm::enumerate(types)) {
    fill(buffers[i], type, i == 0 ? c.widthA : c.widthB, random);
    arguments.push_back(buffers[i].data());
  }
  auto entry = llvm::cantFail(jit->lookup(entryName("kernel"))).toPtr<Entry>();
  double operations = 2.0 * c.batch * c.m * c.n * c.k;
  double time = measure(entry, arguments.data(), operations);
  int64_t resultArgument = (c.widthA ? (c.rightIsUnit() ? 3 : 4) : 2) + c.bias;
  int64_t errors =
      countErrors({c, buffers}, static_cast<float *>(buffers[resultArgument].data()), random);
  double peak = measurePeak(dot, isa) * threads, gops = operations / time * 1e-9;
  llvm::outs() << llvm::format(
      "%-28s %9.1f us %8.1f GOPS  %5.1f %% of peak  lower %3.0f compile %3.0f ms%s\n", c.name,
      time * 1e6, gops, peak ? 100 * gops / peak : 0.0, (lowered - start) * 1e3,
      (compiled - lowered) * 1e3, errors ? "  WRONG" : "");
  return errors == 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "times the matrix products of a training step\n");
  FailureOr<Isa> isa = isaOption.empty() ? supportedIsas().front() : parseIsa(isaOption);
  if (failed(isa) || (!compileOnly && !emulate && !llvm::is_contained(supportedIsas(), *isa))) {
    llvm::errs() << "error: expected an instruction set that this machine can run, but got "
                 << isaOption << "\n";
    return 2;
  }
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                  omp::OpenMPDialect, scf::SCFDialect, vector::VectorDialect, LLVM::LLVMDialect,
                  intq::IntqDialect, intq::nn::NNDialect>();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  registerTranslations(context);
  llvm::outs() << isaName(*isa) << ", " << threads << " thread(s)\n";
  bool ok = true;
  for (const Case &c : kCases)
    if (only.empty() || StringRef(c.name).contains(only))
      ok &= runCase(context, c, *isa);
  return ok ? 0 : 1;
}
