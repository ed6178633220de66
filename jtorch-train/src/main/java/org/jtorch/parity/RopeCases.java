package org.jtorch.parity;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jtorch.attention.Rope;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `rope`: frequencies and tables of every scaling, with settings read as those of a model are.
final class RopeCases {
  private static final Tolerance FREQUENCIES = new Tolerance(0, 2e-6, false);
  private static final Tolerance EXACT_FREQUENCIES = new Tolerance(0, 1e-9, false);
  private static final Pattern PER_POSITION = Pattern.compile("([0-9.eE+-]+)\\s*\\*\\s*position\\s*\\+\\s*([0-9.eE+-]+)");

  private RopeCases() {}

  static void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      for (var variant : io.variants()) {
        String key = variant.requiredString("key");
        findings.part(key, () -> run(io, variant, key + ".", findings));
      }
    }
  }

  private static void run(CaseFolder io, JsonFile variant, String key, Findings findings) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Rope rope = rope(variant);
      int headDim = variant.requiredInt("head_dim");
      Tensor positions = io.tensor(key + "positions");
      long length = variant.optLong("seq_len", positions.max().itemLong() + 1);
      double[] frequencies = rope.scaling().inverseFrequencies(rope.base(), headDim, length);
      findings.add(Tolerance.of(io.settings(), FREQUENCIES, "inv_freq")
          .check(key + "inv_freq", frequencies, io.doubles(key + "inv_freq")));
      findings.add(EXACT_FREQUENCIES.check(key + "inv_freq_float64", frequencies, io.doubles(key + "inv_freq_float64")));
      findings.add(Check.of(key + "attention_scaling", new double[] {rope.scaling().attentionFactor()},
          new double[] {variant.requiredDouble("attention_scaling")}, 1e-12, 1e-12));
      var tables = rope.tables(positions.view(1, -1), headDim, length);
      var limit = limits(io.settings(), positions.toLongs());
      findings.add(compare(key + "cos", tables.cos(), io.tensor(key + "cos"), limit));
      findings.add(compare(key + "sin", tables.sin(), io.tensor(key + "sin"), limit));
    }
  }

  /// A model of this head width with these rotary settings, as its `config.json` would state them.
  private static Rope rope(JsonFile variant) {
    int headDim = variant.requiredInt("head_dim");
    ObjectNode config = JsonNodeFactory.instance.objectNode().put("model_type", "llama").put("vocab_size", 1)
        .put("hidden_size", headDim).put("intermediate_size", 1).put("num_hidden_layers", 1).put("num_attention_heads", 1)
        .put("head_dim", headDim).put("max_position_embeddings", variant.requiredInt("max_position_embeddings"));
    config.set("rope_parameters", variant.object("rope_parameters").node());
    Path file = null;
    try {
      file = Files.createTempFile("jtorch-rope", ".json");
      JsonFile.write(file, config);
      return Objects.requireNonNull(Pretrained.configFile(file).attention().rope());
    } catch (IOException e) {
      throw new DataException("could not write a temporary file: " + e.getMessage(), e);
    } finally {
      delete(file);
    }
  }

  private static void delete(@org.jspecify.annotations.Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException _) {
      // a temporary file that stays behind does no harm
    }
  }

  /// What the angles' own rounding allows at each position.
  private static double[] limits(JsonFile settings, long[] positions) {
    var m = PER_POSITION.matcher(settings.node().path("tolerance").path("cos_sin").asText());
    boolean given = m.find();
    double each = given ? Double.parseDouble(m.group(1)) : 2e-7;
    double base = given ? Double.parseDouble(m.group(2)) : 1e-6;
    return Arrays.stream(positions).mapToDouble(p -> each * p + base).toArray();
  }

  /// @param half `[1, P, D/2]`; stored tables repeat it: `[P, D]`
  private static Check compare(String what, Tensor half, Tensor stored, double[] limit) {
    Tensor actual = Ops.cat(2, half, half).squeeze(0);
    if (!Arrays.equals(actual.shape(), stored.shape())) {
      return Tolerance.LOGITS.check(what, actual, stored);
    }
    double maxAbs = 0;
    double maxRel = 0;
    boolean passed = true;
    for (int p = 0; p < limit.length; p++) {
      var row = Check.of(what, actual.select(0, p).toDoubles(), stored.select(0, p).toDoubles(), limit[p], 0);
      maxAbs = Tolerance.worse(maxAbs, row.maxAbs());
      maxRel = Tolerance.worse(maxRel, row.maxRel());
      passed &= row.passed();
    }
    return new Check(what, maxAbs, maxRel, passed, "tolerance grows with the position, up to " + Arrays.stream(limit).max().orElse(0));
  }
}
