import CKernels

/// The product of a head: states [rows, D] → logits [rows, labels], and back.
struct HeadProduct {
    private let head: EncoderLayout.Head
    private let labels: Int
    private let hidden: Int
    private let weights: FloatBuffer

    init(_ head: EncoderLayout.Head, labels: Int, hidden: Int, _ weights: FloatBuffer) {
        (self.head, self.labels, self.hidden, self.weights) = (head, labels, hidden, weights)
    }

    private var matrix: MatrixView { MatrixView(weights.base + head.weight, labels, hidden) }

    /// logits = states·Wᵀ + b
    func forward(_ states: MatrixView, into logits: UnsafeMutablePointer<Float>) {
        MatrixMultiply.product(states, transposed: matrix, into: MatrixView(logits, states.rows, labels))
        decant_add_bias(logits, weights.base + head.bias, states.rows, labels)
    }

    /// From the logits' gradients: dW += dyᵀ·x, db += Σ dy, dx += dy·W.
    func backward(
        _ logits: UnsafeMutablePointer<Float>, _ states: MatrixView, into gradients: MatrixView, _ gradient: FloatBuffer
    ) {
        let dy = MatrixView(logits, states.rows, labels)
        MatrixMultiply.product(
            transposed: dy, states, into: MatrixView(gradient.base + head.weight, labels, hidden), .adding)
        decant_sum_rows(logits, gradient.base + head.bias, states.rows, labels, 1)
        MatrixMultiply.product(dy, matrix, into: gradients, .adding)
    }
}

/// The loss of one row of logits; its gradient times `scale` takes the place of the logits.
enum HeadLoss {
    /// −ln softmax(logits)[target]
    static func exclusive(_ logits: UnsafeMutablePointer<Float>, labels: Int, target: Int, scale: Float) -> Double {
        let wanted = Double(logits[target])
        let statistics = decant_softmax(logits, logits, 1, labels)
        logits[target] -= 1
        decant_scale(logits, scale, labels)
        return PortableMath.log(Double(statistics.sum)) + Double(statistics.largest) - wanted
    }

    /// Σ over the labels of ln(1 + e^z) − z·y, y = 1 for the targets and 0 for all others.
    static func each(_ logits: UnsafeMutablePointer<Float>, labels: Int, targets: [Int32], scale: Float) -> Double {
        var loss = 0.0
        for label in 0..<labels {
            let z = Double(logits[label])
            // e^(−|z|) never overflows.
            let small = PortableMath.exp(-abs(z))
            let sigmoid = z >= 0 ? 1 / (1 + small) : small / (1 + small)
            let target = targets.contains(Int32(label)) ? 1.0 : 0
            loss += max(z, 0) - z * target + PortableMath.log(1 + small)
            logits[label] = Float(sigmoid - target) * scale
        }
        return loss
    }
}
