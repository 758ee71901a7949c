// The rate of one instruction, all operands in registers: what a kernel can reach at most.
#pragma once
#include "GemmPlan.h"

/// Billions of operations (a multiplication and an addition are two) a second of one thread.
double measurePeak(intq::cpu::GemmDot dot, intq::cpu::Isa isa);

/// Processor time of this thread: what others do on the machine meanwhile does not count.
double threadSeconds();
