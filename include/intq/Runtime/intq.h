/* The C interface of libintq: compile a training step, run it, reach its state.
 *
 * Every function that can fail returns 0 on success, 2 on failure, and intq_run 3 where a non-finite
 * value (in the loss or a quantized block) ended it; then *error holds a
 * message (all findings, one a line) to be released with intq_free. Nothing is
 * thrown, printed or aborted. Not thread-safe on one program. */
#ifndef INTQ_RUNTIME_INTQ_H
#define INTQ_RUNTIME_INTQ_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define INTQ_API __attribute__((visibility("default")))

typedef struct intq_program intq_program;

/* Element types, by their ONNX numbers. */
enum { INTQ_FLOAT = 1, INTQ_INT32 = 6, INTQ_INT64 = 7, INTQ_BOOL = 9, INTQ_DOUBLE = 11 };

/* A dense row-major array. Inputs are read, outputs written into `data`, which the caller
 * owns; shapes and types must be those of intq_info. */
typedef struct intq_array {
  const char *name;
  int32_t dtype;
  int32_t rank;
  const int64_t *shape;
  void *data;
} intq_array;

typedef struct intq_run_options {
  uint64_t seed;
  uint32_t step;        /* optimizer steps done before this one */
  uint32_t microbatch;  /* index within the accumulation of one step */
  double learning_rate; /* used by "step" and "update" */
} intq_run_options;

INTQ_API const char *intq_version(void);
/* The CPU code paths this machine can run, best first, comma-separated:
 * of amx, avx512-vnni, avx-vnni, avx2, generic. */
INTQ_API const char *intq_cpu_isas(void);

/* Reads an ONNX file and describes it (docs/Program.md) without compiling. */
INTQ_API int intq_inspect(const char *model_path, const char *options_json, char **info_json, char **error);
/* Compiles an ONNX file. `options_json`: docs/Program.md, section Options. */
INTQ_API int intq_compile(const char *model_path, const char *options_json, intq_program **program, char **error);
/* Compiles an ONNX file again, with other options or another file, to functions "<function>@<variant>" on the
 * state of `program`: entries of the same name are shared, new ones added. intq_info changes. After a failure
 * the functions are not there; those that were stay. */
INTQ_API int intq_add_variant(intq_program *program, const char *variant, const char *model_path,
                              const char *options_json, char **error);
INTQ_API void intq_destroy(intq_program *program);

/* JSON: functions with inputs and outputs, state, engine; docs/Program.md, section Info.
 * Owned by the program, until intq_add_variant. */
INTQ_API const char *intq_info(const intq_program *program);

/* Of programs compiled with the option `profile`: a JSON object, for each kernel the cycles that its calls took
 * since the compilation. */
INTQ_API int intq_profile(const intq_program *program, char **profile_json, char **error);

/* The live buffer of a state entry, in the layout of intq_info; readable and writable
 * between runs. */
INTQ_API int intq_state(intq_program *program, const char *name, void **data, uint64_t *bytes, char **error);

/* Writes parameters, and moments where there are any, as a checkpoint of ONNX Runtime (version 2): the whole file
 * or none of it. `step`: optimizer steps done. */
INTQ_API int intq_save_checkpoint(intq_program *program, const char *path, uint32_t step, double learning_rate,
                                  char **error);

/* Runs a compiled function: "grad", "step", "update" or "eval". Inputs are checked (names, shapes, types,
 * index ranges) before anything runs. After a failure during the run (non-finite value in a quantized
 * block or in the loss) the state in memory is void. */
INTQ_API int intq_run(intq_program *program, const char *function, const intq_array *inputs, int32_t input_count,
                      const intq_array *outputs, int32_t output_count, const intq_run_options *options,
                      char **error);

INTQ_API void intq_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
