package org.jtorch.recipes.eval;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// What a model can do: tasks and texts that it is asked, alone or beside a second model.
@Named("eval")
public record EvalRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that is asked: an earlier stage, or a Hugging Face folder") Reference from,
    @Doc("a second model, asked the same, with a p-value for each figure") @Nullable Reference compare,
    @Doc("names of built-in tasks, task files (my-task.yaml), and texts (book.txt)") List<String> tasks,
    @Doc("where the data of tasks lie") @Default(".") Path dataFolder,
    @Doc("only the first so many items of each task, or of each of its parts; 0 for all") @Default("0") int limit,
    @Doc("rows that run together; 0 for as many as are quick on the device") @Default("0") int batch,
    @Doc("whether prompts begin with the tokenizer's own first token") @Default("true") boolean bos,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto, bf16 or f32") @Default("auto") String dtype) implements Stage {
  public EvalRecipe {
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("`tasks` is empty; e.g. tasks: [hellaswag, book.txt]");
    }
    if (limit < 0) {
      throw new IllegalArgumentException("`limit` must be >= 0 but was " + limit + "; 100 is a quick look, 0 is everything");
    }
    if (batch < 0) {
      throw new IllegalArgumentException("`batch` must be >= 0 but was " + batch + "; 0 is as many as are quick");
    }
  }

  EvalModel.Place place() {
    return new EvalModel.Place(device, dtype, batch, bos);
  }

  /// The references to models, the first one first.
  List<Reference> models() {
    return compare == null ? List.of(from) : List.of(from, compare);
  }
}
