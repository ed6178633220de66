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
import org.jtorch.longcontext.ContextExtension.Outcome;
import org.jtorch.longcontext.ContextVariant;
import org.jtorch.longcontext.Gate;
import org.jtorch.longcontext.Rung;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtendTest {
  private static final String TEXT = "The secret word is river. What is the sum of one and two? It is three, and a stone in the garden. ".repeat(40);

  @TempDir Path temp = Path.of("");

  private Path model(int positions) throws IOException {
    Path home = Files.createDirectories(temp.resolve("home"));
    BpeTrainer.train(List.of(TEXT), new BpeTrainer.Options(300, 2, List.of("<|endoftext|>"), PreTokenizer.LLAMA3)).save(home, positions);
    try (var tokenizer = Tokenizer.load(home);
         var model = Decoder.create(Llama.TINY.withVocab(tokenizer.vocabSize()).withLayers(1).withContext(positions), Device.CPU, DType.F32, Rng.of(9))) {
      Pretrained.save(model, home, DType.F32, null);
    }
    return home;
  }

  @Test void aModelThatFindsNoNeedleStaysAsItWas() throws IOException {
    Path home = model(64);
    Path text = Files.writeString(temp.resolve("text.txt"), TEXT);
    var outcome = Extend.extend(home, text, temp.resolve("run"), List.of(new Rung(128, 100_000)), new Gate(1_024, 1_024, null, Gate.Failed.ROLL_BACK));
    assertThat(outcome).isInstanceOfSatisfying(Outcome.RolledBack.class, o -> assertThat(o.to()).isNull());
    assertThat(Files.mismatch(temp.resolve("run/model/model.safetensors"), home.resolve("model.safetensors"))).isEqualTo(-1);
    assertThat(temp.resolve("run/extension.json")).content().contains("128", "needles ");
  }

  @Test void longTextsAreReadInFourWays() throws IOException {
    var cells = LongTexts.read(model(32), Files.writeString(temp.resolve("text.txt"), TEXT), "<|endoftext|>", temp.resolve("tokens"));
    assertThat(cells).hasSize(12).allMatch(c -> c.score().bitsPerByte() > 0);
    assertThat(cells.getFirst().score()).isEqualTo(cells.stream().filter(c -> c.variant() == ContextVariant.YARN).findFirst().orElseThrow().score());
  }
}
