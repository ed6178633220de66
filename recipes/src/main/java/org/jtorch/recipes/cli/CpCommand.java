package org.jtorch.recipes.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.RecipeSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch cp`: a recipe to a file, with a note of where it came from.
@Command
final class CpCommand implements Callable<Integer> {
  static final String NOTE = "copied from ";

  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RECIPE", description = "The name of a built-in recipe or the path of a file.")
  String recipe = "";

  @Parameters(index = "1", paramLabel = "DEST", description = "A file (.yaml is added) or a folder.")
  Path dest = Path.of("");

  @Option(names = {"-n", "--no-clobber"}, description = "Leave an existing file alone.")
  boolean noClobber;

  @Option(names = "--make-parents", description = "Make the folders that are missing.")
  boolean makeParents;

  CpCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public Integer call() throws IOException {
    var out = Output.of(spec);
    var source = find();
    var file = file(source);
    if (noClobber && Files.exists(file)) {
      out.println("File already exists at " + file + ", not overwriting.");
      return ExitCodes.DONE;
    }
    var folder = file.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      if (!makeParents) {
        throw new IllegalArgumentException("Cannot create file at " + file + ": the folder " + folder
            + " does not exist. Use --make-parents to make it.");
      }
      Files.createDirectories(folder);
    }
    Files.writeString(file, "# " + NOTE + source.name() + " (sha256 " + sha256(source.text()) + ")\n" + named(source, file));
    out.println("Copied file to " + file);
    return ExitCodes.DONE;
  }

  /// The recipe's text, named after the file if recipes of its type have names, so that its runs have a folder of their own.
  private String named(RecipeSource source, Path file) {
    var keys = recipes.typeOf(source, List.of()).recordType().getRecordComponents();
    boolean hasName = Arrays.stream(keys).anyMatch(c -> c.getName().equals("name"));
    return hasName ? source.renamed(String.valueOf(file.getFileName()).replaceFirst("\\.ya?ml$", "")) : source.text();
  }

  private RecipeSource find() {
    try {
      return recipes.catalog().find(recipe);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("Invalid file name: " + recipe
          + ". Try `jtorch ls` to see all available files to copy.\n" + e.getMessage(), e);
    }
  }

  private Path file(RecipeSource source) {
    if (Files.isDirectory(dest)) {
      String name = source.name().replace('\\', '/');
      return dest.resolve(yaml(name.substring(name.lastIndexOf('/') + 1)));
    }
    var name = dest.getFileName();
    if (name == null || name.toString().isEmpty()) {
      throw new IllegalArgumentException("\"" + dest + "\" is no file name; e.g. my.yaml");
    }
    return dest.resolveSibling(yaml(name.toString()));
  }

  private static String yaml(String name) {
    return name.endsWith(".yaml") || name.endsWith(".yml") ? name : name + ".yaml";
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
