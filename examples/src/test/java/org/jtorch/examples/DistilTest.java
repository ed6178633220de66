package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.nn.Init;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.TrainOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistilTest {
  @Test void theStudentComesCloserAndLoads(@TempDir Path temp) throws IOException {
    Path home = Files.createDirectories(temp.resolve("teacher"));
    String text = "What is the sum of one and two? It is three. ".repeat(20);
    BpeTrainer.train(List.of(text), new BpeTrainer.Options(262, 2, List.of("<|endoftext|>"), PreTokenizer.LLAMA3)).save(home, 128);
    try (var tokenizer = Tokenizer.load(home);
         var model = Decoder.create(Llama.TINY.withVocab(tokenizer.vocabSize()).withLayers(2).withInit(new Init.Normal(0.1)), Device.CPU, DType.F32, Rng.of(9))) {
      Pretrained.save(model, home, DType.F32, null);
    }
    Path student = temp.resolve("student");
    var distances = Distil.train(home, Files.writeString(temp.resolve("text.txt"), text), student, TrainOptions.of(20, 1e-2, new Schedule.Constant(2)));
    assertThat(distances).hasSize(20);
    assertThat(distances.getLast()).isBetween(0.0, 0.5 * distances.getFirst());
    try (var loaded = Pretrained.open(student)) {
      assertThat(loaded.config().layers()).isEqualTo(1);
    }
    assertThat(student.resolve("tokenizer.json")).exists();
  }
}
