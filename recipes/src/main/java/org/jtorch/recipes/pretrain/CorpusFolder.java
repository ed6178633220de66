package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.run.RunFolder;

/// Where the prepared text of a run lies: where the recipe says that it is, in a folder that runs share, or in the run's own.
final class CorpusFolder {
  private static final String KEY = "folder";

  private CorpusFolder() {}

  /// The same for the whole run: of a shared folder it is written down, so that a run goes on with the text that it began with
  /// even if its files have changed since.
  static Path of(Setup setup, RunFolder run) {
    var tokens = setup.tokens();
    if (tokens != null) {
      return tokens.folder();
    }
    Path cache = setup.recipe().data().cache();
    if (cache == null) {
      return run.data();
    }
    Path chosen = run.path().resolve("corpus.json");
    if (!Files.exists(chosen)) {
      JsonFile.write(chosen, JsonNodeFactory.instance.objectNode().put(KEY, cached(setup, cache).toAbsolutePath().toString()));
    }
    return Path.of(JsonFile.open(chosen).requiredString(KEY));
  }

  /// Where text that runs share lies, by what it is made of.
  static Path cached(Setup setup, Path cache) {
    return cache.resolve(Corpus.spec(setup).key());
  }
}
