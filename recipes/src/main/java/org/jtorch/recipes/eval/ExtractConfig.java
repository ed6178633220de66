package org.jtorch.recipes.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.task.Extraction;
import org.jtorch.eval.task.WritingTask;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// How an answer is found in a text.
record ExtractConfig(@Doc("a regular expression, of which the first group counts; the whole text unless given") @Nullable String pattern,
    @Doc("which match") @Default("first") Take take, @Doc("compare as numbers: $1,200. equals 1200") @Default("false") boolean number) {
  enum Take { FIRST, LAST }

  ExtractConfig {
    if (pattern != null) {
      TableConfig.pattern("pattern", pattern);
    }
  }

  private Extraction extraction() {
    return new Extraction(pattern == null ? null : TableConfig.pattern("pattern", pattern), take == Take.LAST, number);
  }

  static WritingTask task(String name, List<WritingTask.Item> items, List<String> until, int maxNewTokens, Map<String, ExtractConfig> extract) {
    var extractions = new LinkedHashMap<String, Extraction>();
    extract.forEach((metric, how) -> extractions.put(metric, how.extraction()));
    return new WritingTask(name, items, until, maxNewTokens, extractions);
  }
}
