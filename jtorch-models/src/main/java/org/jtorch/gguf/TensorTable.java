package org.jtorch.gguf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A model's weights under llama.cpp's names, in the shapes and the order of rows that its programs expect.
final class TensorTable {
  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)");
  private static final Pattern EXPERT = Pattern.compile("(?:mlp|block_sparse_moe)\\.experts\\.\\d+\\.(\\w+)");
  private static final Map<String, String> WHOLE = Map.of("model.embed_tokens.weight", "token_embd.weight",
      "model.norm.weight", "output_norm.weight", "lm_head.weight", "output.weight");
  private static final Map<String, String> PARTS = Map.ofEntries(
      Map.entry("input_layernorm", "attn_norm"), Map.entry("pre_feedforward_layernorm", "ffn_norm"),
      Map.entry("post_feedforward_layernorm", "post_ffw_norm"),
      Map.entry("self_attn.q_proj", "attn_q"), Map.entry("self_attn.k_proj", "attn_k"), Map.entry("self_attn.v_proj", "attn_v"),
      Map.entry("self_attn.o_proj", "attn_output"), Map.entry("self_attn.q_norm", "attn_q_norm"),
      Map.entry("self_attn.k_norm", "attn_k_norm"),
      Map.entry("mlp.gate_proj", "ffn_gate"), Map.entry("mlp.up_proj", "ffn_up"), Map.entry("mlp.down_proj", "ffn_down"),
      Map.entry("mlp.gate", "ffn_gate_inp"), Map.entry("block_sparse_moe.gate", "ffn_gate_inp"),
      Map.entry("mlp.shared_expert_gate", "ffn_gate_inp_shexp"), Map.entry("mlp.shared_expert.gate_proj", "ffn_gate_shexp"),
      Map.entry("mlp.shared_expert.up_proj", "ffn_up_shexp"), Map.entry("mlp.shared_expert.down_proj", "ffn_down_shexp"));
  private static final Map<String, String> EXPERTS = Map.of("gate_proj", "ffn_gate_exps", "w1", "ffn_gate_exps",
      "up_proj", "ffn_up_exps", "w3", "ffn_up_exps", "down_proj", "ffn_down_exps", "w2", "ffn_down_exps");

  private final Architecture architecture;
  private final GgufType type;
  private final List<String> askew = new ArrayList<>();

  private TensorTable(Architecture architecture, GgufType type) {
    this.architecture = architecture;
    this.type = type;
  }

  static List<GgufWriter.Item> of(Decoder model, Architecture architecture, GgufType type) {
    return new TensorTable(architecture, type).items(model);
  }

  private List<GgufWriter.Item> items(Decoder model) {
    SequencedMap<String, List<Weight>> groups = new LinkedHashMap<>();
    var weights = model.weights();
    weights.forEach((name, w) -> groups.computeIfAbsent(rename(name), _ -> new ArrayList<>()).add(w));
    if (architecture.needsHead() && model.config().tied()) {
      groups.put("output.weight", List.of(weights.firstEntry().getValue()));
    }
    var items = new ArrayList<GgufWriter.Item>();
    float[] divisors = architecture.frequencyDivisors();
    if (divisors.length > 0) {
      items.add(new GgufWriter.Item("rope_freqs.weight", GgufType.F32, new long[] {divisors.length},
          out -> out.write(MemorySegment.ofArray(divisors))));
    }
    groups.forEach((name, list) -> items.add(item(name, list)));
    if (!askew.isEmpty()) {
      architecture.notes().add(askew.size() + " tensors have rows that are no multiple of 32 and are stored as f16, the first is "
          + askew.getFirst());
    }
    return items;
  }

  private String rename(String name) {
    String whole = WHOLE.get(name);
    var m = LAYER.matcher(name);
    if (whole != null || !m.matches()) {
      return known(whole, name);
    }
    var expert = EXPERT.matcher(m.group(2));
    String part = expert.matches() ? EXPERTS.get(expert.group(1))
        : m.group(2).equals("post_attention_layernorm") ? afterAttention() : PARTS.get(m.group(2));
    return "blk." + m.group(1) + "." + known(part, name) + "." + m.group(3);
  }

  private static String known(@Nullable String found, String name) {
    if (found == null) {
      throw new IllegalArgumentException("GGUF has no name for the weight " + name + "; export to safetensors instead");
    }
    return found;
  }

  /// The checkpoint's name says where the norm stands; what it feeds differs.
  private String afterAttention() {
    return architecture.name().equals(Architecture.GEMMA2) ? "post_attention_norm" : "ffn_norm";
  }

  private GgufWriter.Item item(String name, List<Weight> weights) {
    long[] shape = shape(name, weights);
    boolean precise = shape.length == 1 || name.contains("ffn_gate_inp");
    GgufType stored = precise ? GgufType.F32 : type;
    if (shape[shape.length - 1] % stored.block != 0) {
      askew.add(name);
      stored = GgufType.F16;
    }
    GgufType as = stored;
    return new GgufWriter.Item(name, as, shape, out -> {
      for (var w : weights) {
        try (var _ = TensorScope.open()) {
          Encoder.write(name, values(w), as, out);
        }
      }
    });
  }

  private static long[] shape(String name, List<Weight> weights) {
    long[] one = weights.getFirst().shape();
    if (name.contains("_exps.")) {
      return new long[] {weights.size(), one[0], one[1]};
    }
    return one.length == 2 && one[0] == 1 ? new long[] {one[1]} : one;       // a gate's only row is a vector there
  }

  private Tensor values(Weight w) {
    Tensor t = w.view().detach();
    String name = w.name();
    if (name.endsWith("norm.weight") && architecture.config().norm() instanceof NormConfig.RmsPlusOne) {
      t = t.to(DType.F32).add(1);
    }
    if (name.contains(architecture.normsQueries() ? ".self_attn.q_norm." : ".self_attn.q_proj.") && architecture.queryFactor() != 1) {
      t = t.to(DType.F32).mul(architecture.queryFactor());
    }
    boolean query = name.contains(".self_attn.q_proj.");
    if (architecture.permutesHeads() && (query || name.contains(".self_attn.k_proj."))) {
      t = permuted(t, query ? architecture.attention().heads() : architecture.attention().kvHeads());
    }
    return t;
  }

  /// Rows i and i + D/2 of each head become neighbours. `[H D, ...]`
  private static Tensor permuted(Tensor t, int heads) {
    long half = t.size(0) / heads / 2;
    long rest = t.numel() / t.size(0);
    return t.reshape(heads, 2, half, rest).transpose(1, 2).reshape(t.shape());
  }
}
