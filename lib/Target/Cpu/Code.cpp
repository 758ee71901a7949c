// Code as bytes: the length of a JSON header, the header, the objects one after the other.
#include "Code.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace intq::cpu;

std::string Code::serialize() const {
  json::Object functions;
  for (const auto &[name, arguments] : resultArguments)
    functions[name] = json::Array(arguments);
  json::Array sizes;
  for (const std::string &object : objects)
    sizes.push_back(static_cast<int64_t>(object.size()));
  json::Object header{{"plan_bytes", static_cast<int64_t>(planBytes)},
                      {"plans", json::Object(plans)},
                      {"sites", json::Array(sites)},
                      {"kernels", json::Array(kernels)},
                      {"functions", std::move(functions)},
                      {"objects", std::move(sizes)}};
  std::string text, bytes(sizeof(uint64_t), 0);
  raw_string_ostream(text) << json::Value(std::move(header));
  support::endian::write64le(bytes.data(), text.size());
  bytes += text;
  for (const std::string &object : objects)
    bytes += object;
  return bytes;
}

std::optional<Code> Code::parse(StringRef bytes) {
  if (bytes.size() < sizeof(uint64_t))
    return std::nullopt;
  uint64_t length = support::endian::read64le(bytes.data());
  bytes = bytes.drop_front(sizeof(uint64_t));
  if (length > bytes.size())
    return std::nullopt;
  Expected<json::Value> header = json::parse(bytes.take_front(length));
  if (!header) {
    consumeError(header.takeError());
    return std::nullopt;
  }
  bytes = bytes.drop_front(length);
  Code code;
  std::vector<int64_t> sizes;
  json::Path::Root root;
  json::ObjectMapper map(*header, root);
  if (!map || !map.map("plan_bytes", code.planBytes) || !map.map("sites", code.sites) || !map.map("kernels", code.kernels) ||
      !map.map("functions", code.resultArguments) || !map.map("objects", sizes))
    return std::nullopt;
  if (json::Object *plans = header->getAsObject()->getObject("plans"))
    code.plans = std::move(*plans);
  for (int64_t size : sizes) {
    if (size < 0 || static_cast<uint64_t>(size) > bytes.size())
      return std::nullopt;
    code.objects.push_back(bytes.take_front(size).str());
    bytes = bytes.drop_front(size);
  }
  return bytes.empty() ? std::optional(std::move(code)) : std::nullopt;
}
