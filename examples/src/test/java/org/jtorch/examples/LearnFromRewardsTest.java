package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
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

class LearnFromRewardsTest {
  @Test void theRewardRises(@TempDir Path temp) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("model"));
    var special = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    BpeTrainer.train(List.of("yes yes yes yes yes"), new BpeTrainer.Options(264, 2, special, PreTokenizer.LLAMA3)).save(folder, 128);
    try (var tokenizer = Tokenizer.load(folder);
         var model = Decoder.create(Llama.TINY.withVocab(tokenizer.vocabSize()).withLayers(1).withInit(new Init.Normal(0.1)), Device.CPU, DType.F32, Rng.of(1))) {
      ChatTemplate.of(ChatFormat.CHATML, tokenizer).save(folder);
      Pretrained.save(model, folder, DType.F32, null);
    }
    var rewards = LearnFromRewards.train(folder, List.of("Is it?", "Do they?"), 12, TrainOptions.of(40, 1e-2, new Schedule.Constant(0)));
    assertThat(rewards.getFirst()).as("long answers that say nothing").isLessThan(-0.2);
    assertThat(rewards.getLast()).isGreaterThan(rewards.getFirst() + 0.2);
  }
}
