package org.jtorch.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// [LoraConfig] as PEFT's `adapter_config.json`.
final class LoraJson {
  private static final String ALL = "all-linear";
  /// Keys that are read here.
  private static final Set<String> READ = Set.of("peft_type", "r", "lora_alpha", "target_modules", "exclude_modules",
      "lora_dropout", "use_rslora", "use_dora", "init_lora_weights", "layers_to_transform", "layers_pattern", "rank_pattern",
      "alpha_pattern", "bias", "modules_to_save", "target_parameters");
  /// Keys that say nothing about the computation, or only together with others.
  private static final Set<String> IGNORED = Set.of("base_model_name_or_path", "revision", "inference_mode", "peft_version",
      "task_type", "auto_mapping", "megatron_core", "qalora_group_size", "ephemeral_gpu_offload", "runtime_config");

  /// What PEFT calls the heads of classifiers, which train along.
  private static final List<String> HEADS = List.of("classifier", "score");

  private LoraJson() {}

  static LoraConfig read(JsonFile json) {
    String type = json.requiredString("peft_type");
    if (!type.equals("LORA")) {
      throw new DataException(json.path() + ": key 'peft_type' is \"" + type + "\", but a Lora needs \"LORA\"; "
          + "P_TUNING, PREFIX_TUNING and PROMPT_TUNING load as a VirtualTokens or a PrefixTuning, others are not supported");
    }
    refuseUnknown(json);
    try {
      return new LoraConfig(json.requiredInt("r"), json.optDouble("lora_alpha", 8), targets(json),
          json.has("exclude_modules") ? named(json, "exclude_modules", List.of(), List.of()) : null,
          json.optDouble("lora_dropout", 0), json.optBoolean("use_rslora", false), json.optBoolean("use_dora", false), start(json),
          pattern(json, "rank_pattern", JsonNode::intValue), pattern(json, "alpha_pattern", JsonNode::doubleValue));
    } catch (IllegalArgumentException e) {
      throw new DataException(json.path() + ": " + e.getMessage(), e);
    }
  }

  /// Whatever could change the computation must be off.
  private static void refuseUnknown(JsonFile json) {
    String bias = json.optString("bias", "none");
    if (!bias.equals("none")) {
      throw new DataException(json.path() + ": key 'bias' is \"" + bias + "\"; only \"none\" is supported");
    }
    if (!HEADS.containsAll(strings(json, "modules_to_save"))) {
      throw new DataException(json.path() + ": key 'modules_to_save' is " + json.node().get("modules_to_save")
          + "; only a classifier's head is supported: " + HEADS);
    }
    for (String key : json.keys()) {
      JsonNode value = json.node().get(key);
      if (!READ.contains(key) && !IGNORED.contains(key) && !off(value)) {
        throw new DataException(json.path() + ": key '" + key + "' is " + value + ", which is not supported; only adapters where it is "
            + "off (null, false or empty) are. Supported: LORA with use_rslora, use_dora, rank_pattern, alpha_pattern, "
            + "layers_to_transform");
      }
    }
  }

  private static boolean off(JsonNode value) {
    return value.isNull() || (value.isBoolean() && !value.booleanValue()) || (value.isContainerNode() && value.isEmpty())
        || (value.isTextual() && value.textValue().isEmpty());
  }

  private static Targets targets(JsonFile json) {
    if (!StackedExperts.parameters(json).isEmpty()) {
      return withParameters(json);
    }
    if (json.node().path("target_modules").asText().equals(ALL)) {
      return new Targets.AllLinear();
    }
    return named(json, "target_modules", layers(json), strings(json, "layers_pattern"));
  }

  /// Modules and parameters of transformers 5 as one expression.
  private static Targets withParameters(JsonFile json) {
    for (String key : List.of("layers_to_transform", "layers_pattern")) {
      if (json.has(key) && !off(json.node().get(key))) {
        throw new DataException(json.path() + ": key '" + key
            + "' is not supported together with 'target_parameters'; name the layers there");
      }
    }
    var all = new ArrayList<String>();
    JsonNode modules = json.node().path("target_modules");
    if (modules.asText().equals(ALL)) {
      throw new DataException(json.path() + ": key 'target_modules' is \"" + ALL + "\" beside 'target_parameters'; name the modules");
    }
    if (modules.isTextual()) {
      all.add("(" + modules.asText() + ")");
    } else if (!modules.isEmpty()) {
      json.requiredStrings("target_modules").forEach(n -> all.add("(.*\\.)?" + n.replace(".", "\\.")));
    }
    StackedExperts.parameters(json).forEach(p -> all.add(StackedExperts.modules(json, p)));
    return new Targets.Regex(String.join("|", all));
  }

  private static Targets named(JsonFile json, String key, List<Integer> layers, List<String> listNames) {
    return json.node().path(key).isTextual() ? new Targets.Regex(json.requiredString(key))
        : new Targets.Named(json.requiredStrings(key), layers, listNames);
  }

  private static List<Integer> layers(JsonFile json) {
    String key = "layers_to_transform";
    if (!json.has(key)) {
      return List.of();
    }
    return json.node().path(key).isArray() ? java.util.Arrays.stream(json.requiredLongs(key)).mapToObj(Math::toIntExact).toList()
        : List.of(json.requiredInt(key));
  }

  private static List<String> strings(JsonFile json, String key) {
    return !json.has(key) ? List.of() : json.node().path(key).isTextual() ? List.of(json.requiredString(key)) : json.requiredStrings(key);
  }

  private static LoraConfig.Start start(JsonFile json) {
    JsonNode value = json.node().path("init_lora_weights");
    if (value.isMissingNode() || value.isNull() || (value.isBoolean() && value.booleanValue())) {
      return LoraConfig.Start.KAIMING;
    }
    if (value.isBoolean()) {
      return LoraConfig.Start.RANDOM;
    }
    if (value.asText().equals("gaussian")) {
      return LoraConfig.Start.GAUSSIAN;
    }
    throw new DataException(json.path() + ": key 'init_lora_weights' is " + value + ", which may change the model's own weights; "
        + "supported are true, false and \"gaussian\". Convert the adapter to a plain LoRA with PEFT first");
  }

  private static <V> SequencedMap<String, V> pattern(JsonFile json, String key, Function<JsonNode, V> value) {
    var map = new LinkedHashMap<String, V>();
    if (json.has(key)) {
      for (var e : json.object(key).node().properties()) {
        if (!e.getValue().isNumber()) {
          throw new DataException(json.path() + ": key '" + key + "." + e.getKey() + "' must be a number, not " + e.getValue());
        }
        map.put(StackedExperts.pattern(e.getKey()), value.apply(e.getValue()));
      }
    }
    return map;
  }

  static ObjectNode write(LoraConfig c, @Nullable String base, @Nullable String task) {
    ObjectNode node = PeftFiles.header("LORA", base, task);
    node.put("r", c.rank());
    node.put("lora_alpha", c.alpha());
    if (c.alpha() == Math.rint(c.alpha())) {
      node.put("lora_alpha", (long) c.alpha());
    }
    put(node, "target_modules", c.targets());
    put(node, "exclude_modules", c.exclude());
    if (c.targets() instanceof Targets.Named named && !named.layers().isEmpty()) {
      var layers = node.putArray("layers_to_transform");
      named.layers().forEach(layers::add);
      if (!named.listNames().isEmpty()) {
        var names = node.putArray("layers_pattern");
        named.listNames().forEach(names::add);
      }
    }
    node.put("lora_dropout", c.dropout());
    node.put("use_rslora", c.rsLora());
    node.put("use_dora", c.dora());
    node.put("bias", "none");
    node.put("fan_in_fan_out", false);
    node.put("init_lora_weights", true);
    if (PeftFiles.SEQUENCES.equals(task)) {
      HEADS.forEach(node.putArray("modules_to_save")::add);
    } else {
      node.putNull("modules_to_save");
    }
    var ranks = node.putObject("rank_pattern");
    c.rankPattern().forEach(ranks::put);
    var alphas = node.putObject("alpha_pattern");
    c.alphaPattern().forEach(alphas::put);
    return node;
  }

  private static void put(ObjectNode node, String key, @Nullable Targets targets) {
    switch (targets) {
      case null -> node.putNull(key);
      case Targets.AllLinear _ -> node.put(key, ALL);
      case Targets.Regex(String regex) -> node.put(key, regex);
      case Targets.Named named -> {
        var array = node.putArray(key);
        named.names().stream().sorted().forEach(array::add);
      }
    }
  }
}
