package org.jtorch.corpus;

/// Which documents are held out for validation: those whose texts have the lowest hashes of the whole corpus. So the same ones
/// are held out in any order and from any files, and copies of a text never stand on both sides.
///
/// @param bound of [TextHash], exclusive and without a sign; 0 holds out nothing
public record HeldOut(long bound) {
  public static final HeldOut NONE = new HeldOut(0);

  /// How much is held out.
  ///
  /// @param fraction share of the documents at most, 0 to below 1
  /// @param bytes of text at most
  public record Share(double fraction, long bytes) {
    public Share {
      if (!(fraction >= 0 && fraction < 1)) {
        throw new IllegalArgumentException("fraction is " + fraction + " but must be from 0 to below 1; 0.01 is usual");
      }
      if (bytes < 0) {
        throw new IllegalArgumentException("bytes is " + bytes + "; use for example 1000000");
      }
    }

    /// The hash that this share of all hashes lies below.
    long bound() {
      return (long) (fraction * 0x1p63) << 1;
    }
  }

  boolean contains(TextHash text) {
    return Long.compareUnsigned(text.value(), bound) < 0;
  }
}
