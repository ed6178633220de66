package org.jtorch.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jtorch.family.Pretrained;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.tensor.Device;
import org.jtorch.text.StreamDecoder;
import org.jtorch.text.Tokenizer;

/// Loads a Hugging Face folder and writes on from a prompt, token by token.
///
/// `java ... org.jtorch.examples.LoadAndGenerate runs/quickstart/model "Mr President, "`
public final class LoadAndGenerate {
  private LoadAndGenerate() {}

  public static void main(String... args) {
    Path folder = Path.of(args[0]);
    try (var tokenizer = Tokenizer.load(folder); var model = Pretrained.load(folder, Device.best(), null)) {
      long[] prompt = tokenizer.encodeText(args[1]);
      var text = new StreamDecoder(tokenizer, true, prompt);
      var options = new Options(64, Sampling.temperature(0.8).withTopK(50), Set.of(0L), 1, 0);
      IO.print(args[1]);
      var rows = new Generator(model).generate(List.of(prompt), options,
          (_, token, _) -> IO.print(text.push(token)));
      IO.println(text.flush() + "\n(" + rows.getFirst().length + " tokens)");
    }
  }
}
