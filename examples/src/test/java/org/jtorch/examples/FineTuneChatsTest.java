package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
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

class FineTuneChatsTest {
  @Test void theAnswersAreLearnt(@TempDir Path temp) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("model"));
    var special = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    BpeTrainer.train(List.of("What is the sum of one and two? It is three."), new BpeTrainer.Options(262, 2, special, PreTokenizer.LLAMA3))
        .save(folder, 128);
    try (var tokenizer = Tokenizer.load(folder);
         var model = Decoder.create(Llama.TINY.withVocab(tokenizer.vocabSize()).withLayers(1).withInit(new Init.Normal(0.1)), Device.CPU, DType.F32, Rng.of(1))) {
      ChatTemplate.of(ChatFormat.CHATML, tokenizer).save(folder);
      Pretrained.save(model, folder, DType.F32, null);
    }
    Path chats = Files.write(temp.resolve("chats.jsonl"), IntStream.range(0, 8).mapToObj(i -> """
        {"messages": [{"role": "user", "content": "Question %d?"}, {"role": "assistant", "content": "Three."}]}""".formatted(i)).toList());
    var losses = FineTuneChats.train(folder, chats, temp.resolve("adapter"), TrainOptions.of(20, 1e-2, new Schedule.Constant(2)));
    assertThat(losses.getFirst()).isGreaterThan(4);                                     // a guess among 262
    assertThat(losses.getLast()).isLessThan(1);
    assertThat(temp.resolve("adapter/adapter_model.safetensors")).exists();
  }
}
