package org.jtorch.longcontext;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Scorer;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleResult;
import org.jtorch.eval.needle.NeedleSource;

/// Needles in haystacks as the gate of a longer context.
///
/// @param scorer of the model as it is
/// @param grid whose lengths up to that of the model are asked about
/// @param seen hears of every result, for pictures
public record NeedleContext(Supplier<Scorer> scorer, NeedleGrid grid, NeedleSource source, Haystacks.How how, Consumer<NeedleResult> seen)
    implements LongContext {
  @Override public Found find(int length) {
    List<Integer> lengths = grid.lengths().stream().filter(n -> n <= length).toList();
    var result = new Haystacks(new NeedleGrid(lengths, grid.depths(), grid.instances(), grid.seed()), source, how)
        .run(scorer.get(), EvalProgress.NONE);
    seen.accept(result);
    return new Found(result.cells().stream().mapToLong(NeedleResult.Cell::found).sum(),
        result.cells().stream().mapToLong(NeedleResult.Cell::asked).sum());
  }
}
