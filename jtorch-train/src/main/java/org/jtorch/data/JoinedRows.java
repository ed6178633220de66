package org.jtorch.data;

import java.util.Arrays;
import java.util.List;

/// The rows of several sources, numbered one source after another.
final class JoinedRows implements RowSource {
  private final List<RowSource> sources;
  private final long[] ends;

  JoinedRows(List<RowSource> sources) {
    this.sources = List.copyOf(sources);
    this.ends = new long[sources.size()];
    long end = 0;
    for (int s = 0; s < ends.length; s++) {
      if (sources.get(s).seqLen() != sources.getFirst().seqLen()) {
        throw new IllegalArgumentException("rows of " + sources.getFirst().seqLen() + " and " + sources.get(s).seqLen()
            + " tokens cannot be mixed; use one length for all sources");
      }
      end += sources.get(s).rows();
      ends[s] = end;
    }
  }

  private int sourceOf(long index) {
    int at = Arrays.binarySearch(ends, index + 1);
    return at >= 0 ? at : -at - 1;
  }

  private long within(int source, long index) {
    return source == 0 ? index : index - ends[source - 1];
  }

  @Override
  public long rows() {
    return ends[ends.length - 1];
  }

  @Override
  public int seqLen() {
    return sources.getFirst().seqLen();
  }

  @Override
  public long tokens() {
    return sources.stream().mapToLong(RowSource::tokens).sum();
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    int source = sourceOf(index);
    sources.get(source).row(within(source, index), tokens, segmentIds);
  }

  @Override
  public boolean weighted() {
    return sources.stream().anyMatch(RowSource::weighted);
  }

  @Override
  public void weights(long index, float[] into) {
    int source = sourceOf(index);
    sources.get(source).weights(within(source, index), into);
  }
}
