package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MergeCommandTest {
  @TempDir static Path models = Path.of("");
  @TempDir Path temp = Path.of("");

  private record Result(int code, String out, String err) {}

  @BeforeAll static void make() {
    for (int i = 0; i < 3; i++) {
      var shape = Llama.shape(61, 16, 32, 2, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
      try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(i))) {
        AtomicFolder.publish(model(i), into -> Pretrained.save(decoder, into, DType.F32, null));
      }
    }
  }

  private static Path model(int i) {
    return models.resolve("model" + i);
  }

  private static Result run(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = new CommandLine(new MergeCommand()).setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setParameterExceptionHandler(Failures::misused).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Result(line.execute(args), out.toString(), err.toString());
  }

  private static double first(Path folder) {
    try (var _ = TensorScope.open(); var model = Pretrained.load(folder, Device.CPU, DType.F32)) {
      return model.head().tensor().toDoubles()[0];
    }
  }

  @Test void theMeanIsTheDefaultAndWeightsShiftIt() {
    Path mean = temp.resolve("mean");
    var result = run(mean.toString(), model(0).toString(), model(1).toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("wrote " + mean + " (linear of 2 models)");
    assertThat(first(mean)).isEqualTo((float) ((first(model(0)) + first(model(1))) / 2));
    Path all = temp.resolve("all");
    assertThat(run(all.toString(), model(0).toString(), model(1).toString(), "--weights", "0,1").code()).isZero();
    assertThat(first(all)).isEqualTo(first(model(1)));
  }

  @Test void everyMethodWritesAModel() {
    for (String method : new String[] {"slerp", "task-arithmetic", "ties", "dare"}) {
      Path out = temp.resolve(method);
      var result = run(out.toString(), model(1).toString(), model(2).toString(), "--method", method, "--base", model(0).toString(),
          "--type", "bf16");
      assertThat(result.code()).as(result.err()).isZero();
      assertThat(Pretrained.storedType(out)).isEqualTo(DType.BF16);
    }
  }

  @Test void anAngleOfALayerIsNotThatOfEachTensor() {
    Path tensor = temp.resolve("tensor");
    Path layer = temp.resolve("layer");
    for (Path out : new Path[] {tensor, layer}) {
      var result = run(out.toString(), model(1).toString(), model(2).toString(), "--method", "slerp", "--base", model(0).toString(), "--angle",
          out.getFileName().toString());
      assertThat(result.code()).as(result.err()).isZero();
    }
    String name = "model.layers.0.self_attn.q_proj.weight";
    try (var a = SafeTensors.open(tensor); var b = SafeTensors.open(layer)) {
      assertThat(a.get(name).bytes().mismatch(b.get(name).bytes())).isNotNegative();
    }
    assertThat(run(temp.resolve("x").toString(), model(1).toString(), model(2).toString(), "--method", "slerp", "--angle", "row").err())
        .contains("tensor, layer or all");
  }

  @Test void adaptersAreSummed() {
    var folders = new ArrayList<String>();
    for (int i = 0; i < 2; i++) {
      try (var model = Pretrained.load(model(0), Device.CPU, DType.F32); var lora = Lora.apply(model, LoraConfig.of(2 + i, 4, "q_proj"), Rng.of(i))) {
        lora.save(temp.resolve("adapter" + i), "small");
        folders.add(temp.resolve("adapter" + i).toString());
      }
    }
    Path out = temp.resolve("mean");
    var result = run(out.toString(), folders.get(0), folders.get(1));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("linear of 2 adapters");
    try (var model = Pretrained.load(model(0), Device.CPU, DType.F32); var lora = Lora.load(model, out)) {
      assertThat(lora.config().rank()).isEqualTo(5);
    }
    assertThat(run(temp.resolve("y").toString(), folders.get(0), folders.get(1), "--method", "ties").err()).contains("linear", "task-arithmetic");
    assertThat(run(temp.resolve("y").toString(), folders.get(0), folders.get(1), "--base", model(0).toString()).code()).isEqualTo(2);
  }

  @Test void whatCannotBeIsSaidAndNothingIsWritten() {
    Path out = temp.resolve("out");
    assertThat(run(out.toString(), model(0).toString(), "--method", "ties").err()).contains("no `base` is given");
    assertThat(run(out.toString(), model(0).toString(), "--method", "sum").code()).isEqualTo(2);
    assertThat(run(out.toString(), model(0).toString(), temp.resolve("none").toString()).code()).isEqualTo(3);
    assertThat(run(model(0).toString(), model(1).toString()).err()).contains("exists already");
    assertThat(out).doesNotExist();
  }
}
