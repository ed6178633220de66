package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script `jtorch` in a process of its own, without a locale as in a container: in, out and file names are UTF-8. A script
/// of the shell calls it, so that this JVM's own locale does not matter.
class PosixLocaleTest {
  private static final String PROMPT = "Grüße, 世界 🦔";
  @TempDir static Path home = Path.of("");

  /// The script finds itself in a tree that is built: this JVM's classes.
  @BeforeAll static void make() throws IOException {
    assumeThat(Files.isExecutable(Path.of("/bin/sh"))).isTrue();
    Path target = Files.createDirectories(home.resolve("recipes/target"));
    Files.copy(Path.of("../jtorch"), home.resolve("jtorch"));
    Files.writeString(target.resolve("jtorch.classpath"), System.getProperty("java.class.path"));
    Files.writeString(target.resolve("jtorch.built"), home.toRealPath() + "\n");
    Path model = Files.createDirectory(home.resolve("model"));
    var bpe = BpeTrainer.train(List.of("Once upon a time"), BpeTrainer.Options.of(257));
    bpe.save(model, 96);
    var shape = Llama.shape(bpe.tokens().size(), 32, 64, 1, 2, 1, 16, 96, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(decoder, model, DType.F32, null);
    }
  }

  private static List<String> run(String locale, String script) throws IOException, InterruptedException {
    Path file = Files.writeString(home.resolve("script.sh"), "cd '" + home + "'\n" + script);
    var builder = new ProcessBuilder("/bin/sh", file.toString()).redirectError(home.resolve("err.txt").toFile());
    builder.environment().keySet().removeIf(k -> k.startsWith("LC_") || k.equals("LANG"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("LC_ALL", locale);
    var process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(home.resolve("err.txt"))).isZero();
    return out.lines().toList();
  }

  @Test void argumentsFileNamesInputAndOutputAreUtf8() throws IOException, InterruptedException {
    var out = run("C", """
        mv model modèle-été
        printf '%%s' '%1$s' | sh ./jtorch generate modèle-été '%1$s' - --greedy --max-new-tokens 2 --json --device cpu
        """.formatted(PROMPT));
    assertThat(out).hasSize(2);
    assertThat(out.getFirst()).isEqualTo(out.getLast());
    var answer = new ObjectMapper().readTree(out.getFirst());
    assertThat(answer.path("prompt").asText()).isEqualTo(PROMPT);
    assertThat(answer.path("prompt_tokens").asInt()).isEqualTo(PROMPT.getBytes(StandardCharsets.UTF_8).length);
  }

  @Test void aLocaleThatIsNotInstalledIsNone() throws IOException, InterruptedException {
    var out = run("xx_XX.UTF-8", """
        printf '# Zweck: größer\ntype: pretrain\n' > größe.yaml
        sh ./jtorch cat größe.yaml
        """);
    assertThat(out).containsExactly("# Zweck: größer", "type: pretrain");
  }
}
