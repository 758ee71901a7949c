"""What the members of the BERT family call their parts, and how they differ from BERT."""
from dataclasses import dataclass, field

_DISTILBERT = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
               "intermediate_size": "hidden_dim", "hidden_dropout_prob": "dropout",
               "attention_probs_dropout_prob": "attention_dropout", "hidden_act": "activation"}


@dataclass(frozen=True)
class Family:
    """Names below the model's prefix; `{n}` is the layer. `positions`: absolute, or counted from the padding."""
    name: str  # as transformers' classes begin
    prefix: str
    layer: str = "encoder.layer.{n}."
    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    projection: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    inner: str = "intermediate.dense"
    outer: str = "output.dense"
    output_norm: str = "output.LayerNorm"
    embedding_projection: str = None  # from embedding_size to hidden_size, where they differ or always
    token_types: bool = True
    positions: str = "absolute"
    relative_bias: str = None
    pooler: str = None
    head: tuple = ("classifier",)  # linear layers on the first token, or on the pooler's output
    head_activation: str = "Tanh"
    keys: dict = field(default_factory=dict)  # BERT's key of config.json → this model's
    defaults: dict = field(default_factory=dict)
    dropout_after_projection: bool = True
    dropout_after_outer: bool = True
    head_dropout_key: str = "classifier_dropout"
    head_dropout_first: bool = True
    mlm: tuple = ("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.weight", "lm_head.bias")  # the decoder: tied
    mlm_activation: str = "gelu"  # None: the encoder's

    def layer_prefix(self, config, n):
        groups = config.get("num_hidden_groups", 1)
        return self.layer.format(n=n, group=n * groups // config["num_hidden_layers"])

    def projects_embeddings(self, config):
        return self.embedding_projection is not None and (self.prefix == "albert." or
                                                          embedding_size(config) != config["hidden_size"])


FAMILIES = {
    "bert": Family("Bert", "bert.", pooler="pooler.dense", head=("classifier",), mlm_activation=None,
                   mlm=("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm",
                        "cls.predictions.decoder.weight", "cls.predictions.bias")),
    "roberta": Family("Roberta", "roberta.", positions="counted", head=("classifier.dense", "classifier.out_proj"),
                      defaults={"pad_token_id": 1}),
    "electra": Family("Electra", "electra.", embedding_projection="embeddings_project", head_activation="Gelu",
                      head=("classifier.dense", "classifier.out_proj"),
                      mlm=("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.weight",
                           "generator_lm_head.bias")),
    "distilbert": Family("DistilBert", "distilbert.", "transformer.layer.{n}.", "attention.q_lin", "attention.k_lin", "attention.v_lin",
                         "attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm",
                         token_types=False, head=("pre_classifier", "classifier"), head_activation="Relu",
                         keys=_DISTILBERT, dropout_after_projection=False, head_dropout_key="seq_classif_dropout",
                         head_dropout_first=False, defaults={"seq_classif_dropout": 0.2}, mlm_activation=None,
                         mlm=("vocab_transform", "vocab_layer_norm", "vocab_projector.weight", "vocab_projector.bias")),
    "albert": Family("Albert", "albert.", "encoder.albert_layer_groups.{group}.albert_layers.0.", "attention.query",
                     "attention.key", "attention.value", "attention.dense", "attention.LayerNorm", "ffn", "ffn_output",
                     "full_layer_layer_norm", embedding_projection="encoder.embedding_hidden_mapping_in",
                     pooler="pooler", head=("classifier",), dropout_after_outer=False,
                     head_dropout_key="classifier_dropout_prob", mlm_activation=None,
                     mlm=("predictions.dense", "predictions.LayerNorm", "predictions.decoder.weight", "predictions.bias"),
                     defaults={"classifier_dropout_prob": 0.1, "embedding_size": 128, "hidden_act": "gelu_new",
                               "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}),
    "mpnet": Family("MPNet", "mpnet.", query="attention.attn.q", key="attention.attn.k", value="attention.attn.v",
                    projection="attention.attn.o", attention_norm="attention.LayerNorm", token_types=False,
                    positions="counted", relative_bias="encoder.relative_attention_bias",
                    head=("classifier.dense", "classifier.out_proj"),
                    defaults={"pad_token_id": 1, "relative_attention_num_buckets": 32}),
}


def family_of(config):
    return FAMILIES[config.get("model_type", "bert")]


def embedding_size(config):
    return config.get("embedding_size") or config["hidden_size"]


def encoder_shapes(config, prefix):
    """Every encoder tensor and its shape, without the pooler."""
    family = family_of(config)
    h, i, e = config["hidden_size"], config["intermediate_size"], embedding_size(config)
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    if not family.token_types:
        del tables["token_type"]
    shapes = {f"embeddings.{kind}_embeddings.weight": [config[rows], e] for kind, rows in tables.items()}
    linears, norms = {}, {"embeddings.LayerNorm": e}
    if family.projects_embeddings(config):
        linears[family.embedding_projection] = (h, e)
    if family.relative_bias:
        shapes[family.relative_bias + ".weight"] = [config["relative_attention_num_buckets"],
                                                    config["num_attention_heads"]]
    for n in range(config["num_hidden_layers"]):
        layer = family.layer_prefix(config, n)
        linears.update({layer + name: (h, h) for name in (family.query, family.key, family.value, family.projection)})
        linears.update({layer + family.inner: (i, h), layer + family.outer: (h, i)})
        norms.update({layer + family.attention_norm: h, layer + family.output_norm: h})
    for name, (rows, columns) in linears.items():
        shapes.update({name + ".weight": [rows, columns], name + ".bias": [rows]})
    for name, size in norms.items():
        shapes.update({name + ".weight": [size], name + ".bias": [size]})
    return {prefix + name: shape for name, shape in shapes.items()}


def head_shapes(config, prefix, task, outputs):
    """The tensors of pooler and head, which a checkpoint may lack."""
    family, h = family_of(config), config["hidden_size"]
    if task == "mlm":
        return _mlm_shapes(config)
    if task == "token-classification":
        sizes = {"classifier": outputs}
    elif task == "qa":
        sizes = {"qa_outputs": 2}
    else:
        *inner, last = family.head
        sizes = {**dict.fromkeys(inner, h), last: outputs}
    if family.pooler:
        sizes[prefix + family.pooler] = h
    shapes = {}
    for name, rows in sizes.items():
        shapes.update({name + ".weight": [rows, h], name + ".bias": [rows]})
    return shapes


def ties_embeddings(config):
    return config.get("tie_word_embeddings", True)


def _mlm_shapes(config):
    dense, norm, decoder, bias = family_of(config).mlm
    e, words = embedding_size(config), config["vocab_size"]
    shapes = {dense + ".weight": [e, config["hidden_size"]], dense + ".bias": [e], norm + ".weight": [e], norm + ".bias": [e],
              bias: [words]}
    return shapes if ties_embeddings(config) else {**shapes, decoder: [words, e]}
