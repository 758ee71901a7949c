// All ops of the nn dialect, one include a family.
include "intq/Dialect/NN/NNElementwise.td"
include "intq/Dialect/NN/NNIndexing.td"
include "intq/Dialect/NN/NNLayout.td"
include "intq/Dialect/NN/NNLinear.td"
include "intq/Dialect/NN/NNNormalization.td"
include "intq/Dialect/NN/NNOptimizer.td"
include "intq/Dialect/NN/NNSampling.td"
