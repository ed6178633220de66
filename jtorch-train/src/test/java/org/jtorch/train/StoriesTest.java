package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real small checkpoint (stories260K): what it says, what it costs a story, what a step of training leaves.
class StoriesTest {
  private static final Path FOLDER = resource();
  private final JsonFile reference = JsonFile.open(FOLDER.resolve("reference.json"));

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void readsAStoryAsTransformersDoes() {
    try (var tokenizer = Tokenizer.load(FOLDER); var model = Pretrained.load(FOLDER, Device.CPU, DType.F32);
         var _ = TensorScope.open(); var _ = Grad.off()) {
      assertThat(model.parameterCount()).isEqualTo(reference.requiredLong("parameters"));
      long[] ids = reference.requiredLongs("ids");
      assertThat(tokenizer.encode(reference.requiredString("story"), true)).isEqualTo(ids);
      Tensor logits = model.apply(Ops.of(ids, Device.CPU, 1, ids.length), Pass.EMPTY);
      assertThat(logits.select(1, ids.length - 1).narrow(1, 0, 16).toFloats())
          .containsExactly(floats("logits_last_position_first16"), within(2e-4f));
      Tensor next = Ops.of(Arrays.copyOfRange(ids, 1, ids.length), Device.CPU, 1, ids.length - 1, 1);
      float[] logprobs = logits.narrow(1, 0, ids.length - 1).logSoftmax(-1).gather(2, next).toFloats();
      assertThat(logprobs).containsExactly(floats("token_logprobs"), within(1e-4f));
    }
  }

  @Test void writesTheReferencesStories() {
    try (var tokenizer = Tokenizer.load(FOLDER); var model = Pretrained.load(FOLDER, Device.CPU, DType.F32)) {
      for (var run : reference.objects("greedy")) {
        long[] prompt = run.requiredLongs("prompt_ids");
        long[] expected = run.requiredLongs("new_ids");
        assertThat(tokenizer.encode(run.requiredString("prompt"), true)).isEqualTo(prompt);
        long[] written = new Generator(model).generate(List.of(prompt), Options.greedy(expected.length)).getFirst();
        assertThat(written).isEqualTo(expected);
      }
    }
  }

  @Test void aStepOfTrainingSurvivesTheFolder(@TempDir Path temp) throws IOException {
    long[] ids = reference.requiredLongs("ids");
    float[] expected;
    Path folder = Files.createDirectories(temp.resolve("trained"));
    try (var model = Pretrained.load(FOLDER, Device.CPU, DType.F32);
         var optimizer = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
      model.requiresGrad(true);
      double before = backward(model, ids);
      optimizer.step(1e-3, 1);
      double after = backward(model, ids);
      optimizer.zeroGrad();
      assertThat(before).isCloseTo(reference.requiredDouble("mean_loss"), within(1e-4));
      assertThat(after).isLessThan(before - 0.1);
      Pretrained.save(model, folder, DType.F32, FOLDER);
      expected = logits(model, ids);
    }
    try (var again = Pretrained.load(folder, Device.CPU, null); var tokenizer = Tokenizer.load(folder)) {
      assertThat(logits(again, ids)).isEqualTo(expected);
      assertThat(tokenizer.vocabSize()).isEqualTo(512);
    }
  }

  private static double backward(Decoder model, long[] ids) {
    long[] targets = Arrays.copyOfRange(ids, 1, ids.length);
    try (var tape = GradTape.open()) {
      Tensor input = Ops.of(Arrays.copyOf(ids, targets.length), Device.CPU, 1, targets.length);
      Tensor hidden = model.hidden(input, Pass.training(tape), null);
      return new ChunkedCrossEntropy().backward(model, hidden, targets, 1.0 / targets.length, tape) / targets.length;
    }
  }

  private static float[] logits(Decoder model, long[] ids) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Ops.of(ids, Device.CPU, 1, ids.length), Pass.EMPTY).toFloats();
    }
  }

  private float[] floats(String key) {
    var list = reference.node().get(key);
    var values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).floatValue();
    }
    return values;
  }

  private static Path resource() {
    try {
      return Path.of(Objects.requireNonNull(StoriesTest.class.getResource("/stories260K")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
