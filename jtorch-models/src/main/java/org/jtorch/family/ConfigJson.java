package org.jtorch.family;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Init;
import org.jtorch.tensor.DType;

/// Writes a configuration as a family's `config.json`, and refuses one that would read back as another model.
final class ConfigJson {
  /// How weights began is no part of the model, and the family is the file's.
  private static final Set<String> FREE = Set.of("init", "family");
  private static final double CLOSE = 1e-9;

  private ConfigJson() {}

  /// @throws IllegalArgumentException naming the first setting that the family's files cannot hold
  static ObjectNode of(DecoderConfig config, DType dtype) {
    var family = Families.named(config.family());
    var node = shared(config, family, dtype);
    family.write(config, node);
    requireSame(config, node, family);
    return node;
  }

  private static ObjectNode shared(DecoderConfig config, Family family, DType dtype) {
    var attention = config.attention();
    var node = JsonNodeFactory.instance.objectNode();
    node.putArray("architectures").add(family.architecture());
    node.put("model_type", family.modelType());
    node.put("vocab_size", config.vocab());
    node.put("hidden_size", config.dim());
    node.put("num_hidden_layers", config.layers());
    node.put("num_attention_heads", attention.heads());
    node.put("num_key_value_heads", attention.kvHeads());
    node.put("head_dim", attention.headDim());
    node.put("max_position_embeddings", config.maxPositions());
    node.put("rms_norm_eps", config.norm().eps());
    node.put("tie_word_embeddings", config.tied());
    node.put("initializer_range", config.init() instanceof Init.Normal(double std) ? std : 0.02);
    node.put("use_cache", true);
    node.put("dtype", dtype.hfName());
    node.put("torch_dtype", dtype.hfName());
    return node;
  }

  private static void requireSame(DecoderConfig config, ObjectNode node, Family family) {
    String difference;
    try {
      difference = difference("", config, family.read(JsonFile.of(Path.of("config.json"), node)));
    } catch (DataException | IllegalArgumentException e) {
      difference = e.getMessage();
    }
    if (difference != null) {
      throw new IllegalArgumentException("this model cannot be written as config.json of the family \"" + family.modelType() + "\": "
          + difference + "; change that, or write it as a family that has it (withFamily)");
    }
  }

  /// The first place where two trees of records differ, or null.
  private static @Nullable String difference(String at, Object mine, Object read) {
    if (mine instanceof Record && mine.getClass() == read.getClass()) {
      return fields(at, mine, read);
    }
    if (mine instanceof List<?> a && read instanceof List<?> b && a.size() == b.size()) {
      return elements(at, a, b);
    }
    return mine.equals(read) || close(mine, read) ? null : "`" + at + "` is " + mine + ", but " + read + " would be read back";
  }

  private static boolean close(Object mine, Object read) {
    return mine instanceof Double a && read instanceof Double b && Double.isFinite(a) && Math.abs(a - b) <= CLOSE * Math.abs(a);
  }

  private static @Nullable String elements(String at, List<?> mine, List<?> read) {
    for (int i = 0; i < mine.size(); i++) {
      String d = difference(at + "[" + i + "]", mine.get(i), read.get(i));
      if (d != null) {
        return d;
      }
    }
    return null;
  }

  private static @Nullable String fields(String at, Object mine, Object read) {
    for (var c : mine.getClass().getRecordComponents()) {
      if (!FREE.contains(c.getName())) {
        String d = difference(at.isEmpty() ? c.getName() : at + "." + c.getName(), value(c, mine), value(c, read));
        if (d != null) {
          return d;
        }
      }
    }
    return null;
  }

  private static Object value(RecordComponent c, Object record) {
    try {
      return Objects.requireNonNullElse(c.getAccessor().invoke(record), "nothing");
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + c, e);
    }
  }
}
