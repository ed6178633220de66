package org.jtorch.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.family.Pretrained;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Hooks;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// Teaches the model in a Hugging Face folder to answer as in a file of conversations: a LoRA, trained on the assistant's turns.
public final class FineTuneChats {
  private FineTuneChats() {}

  /// @param args the model's folder, a JSON Lines file with `messages` in each line, the adapter's folder
  public static void main(String... args) throws IOException {
    train(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), TrainOptions.of(200, 2e-4, new Schedule.Cosine(10, 200, 0.1)));
  }

  /// @return the loss of each step
  static List<Double> train(Path folder, Path chats, Path adapter, TrainOptions options) throws IOException {
    var losses = new ArrayList<Double>();
    try (var tokenizer = Tokenizer.load(folder); var model = Pretrained.load(folder, Device.best(), null);
         var lora = Lora.apply(model, LoraConfig.of(16, 32, new Targets.AllLinear()), Rng.of(1));
         var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      var template = ChatTemplate.load(folder);
      var rows = new ArrayList<TokenRow>();
      for (String line : Files.readAllLines(chats)) {
        var chat = Chat.of(new ObjectMapper().readTree(line));
        rows.add(TokenRow.of(template.encode(tokenizer, chat, false)));               // the loss is on what the assistant writes
      }
      var batches = new ExampleBatches<>(1, Math.min(8, rows.size()), rows, new Collator(1024, 8)::batch);
      var log = new StepListener() {
        @Override public void onStep(StepEvent step) {
          losses.add(step.loss());
          IO.println("step %d  loss %.4f".formatted(step.step(), step.loss()));
        }
      };
      var hooks = new Hooks(step -> new EvalEvent(step, Double.NaN, 0, 0, List.of()), _ -> {}, () -> false);   // no held-out chats
      new Pretrainer(model, optimizer, batches, options).fit(Progress.START, log, hooks);
      lora.save(adapter, folder.toString());                                            // PEFT's files
    }
    return losses;
  }
}
