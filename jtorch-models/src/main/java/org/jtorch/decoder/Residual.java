package org.jtorch.decoder;

/// Where norms stand beside the residual stream.
public sealed interface Residual {
  Residual PRE = new Pre();
  Residual SANDWICH = new Sandwich();
  Residual POST = new Post(1);

  /// `x + f(norm(x))`: Llama, Qwen 2, AFM.
  record Pre() implements Residual {}

  /// `x + norm(f(norm(x)))`: Gemma 2, four norms a layer.
  record Sandwich() implements Residual {}

  /// `norm(α x + f(x))`: the original transformer with α = 1.
  record Post(double alpha) implements Residual {}

  /// DeepNorm (Wang et al. 2022, arXiv:2203.00555) for a decoder of `layers` layers: post-norm with `α = (2N)^¼`, and Xavier
  /// weights whose gain is `β = (8N)^−¼` in the feed-forward, v and output projections, 1 in q and k.
  record Deep(int layers) implements Residual {
    public double alpha() {
      return Math.pow(2.0 * layers, 0.25);
    }

    public double beta() {
      return Math.pow(8.0 * layers, -0.25);
    }
  }
}
