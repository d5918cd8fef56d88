import CKernels

/// AdamW, with or without Muon for the hidden matrices: moments beside the weights, updated in fixed units of work.
final class Optimizer {
    /// Also the momentum of Muon.
    let firstMoments: FloatBuffer
    let secondMoments: FloatBuffer
    private let units: [Unit]
    private let weightDecay: Double
    /// Of Muon's iterations.
    private let products: ProductPrecision

    private enum Unit {
        case adamW(Range<Int>, decays: Bool)
        case muon(Parameter)
    }

    private static let beta1 = 0.9
    private static let beta2 = 0.95
    private static let rangeSize = 1 << 16

    init(_ parameters: [Parameter], _ options: TrainingOptions) {
        let count = parameters.last?.range.upperBound ?? 0
        firstMoments = FloatBuffer(count: count)
        secondMoments = FloatBuffer(count: count)
        weightDecay = options.weightDecay
        products = options.products
        let orthogonalized = parameters.filter { options.optimizer == .muon && $0.role == .hiddenMatrix }
        let others = parameters.filter { options.optimizer != .muon || $0.role != .hiddenMatrix }
        // The largest matrices first, so that no worker is left with one at the end.
        units =
            orthogonalized.sorted { ($0.count, $1.offset) > ($1.count, $0.offset) }.map(Unit.muon)
            + others.flatMap { parameter in
                stride(from: parameter.offset, to: parameter.range.upperBound, by: Optimizer.rangeSize).map { start in
                    Unit.adamW(start..<min(start + Optimizer.rangeSize, parameter.range.upperBound), decays: parameter.decays)
                }
            }
    }

    /// Moves `weights` by one step; `step` counts from 0. The gradient is used up.
    func update(
        _ weights: FloatBuffer, gradient: FloatBuffer, gradientScale: Double, step: Int, learningRate: Double,
        workers: WorkerPool
    ) {
        var settings = decant_adamw_settings(
            learning_rate: Float(learningRate), beta1: Float(Optimizer.beta1), beta2: Float(Optimizer.beta2), epsilon: 1e-8,
            weight_decay: 0, correction1: Float(1 - power(Optimizer.beta1, step + 1)),
            correction2: Float(1 - power(Optimizer.beta2, step + 1)), gradient_scale: Float(gradientScale))
        let plain = settings
        settings.weight_decay = Float(weightDecay)
        let decayed = settings
        workers.forEach(units.count) { index in
            switch units[index] {
            case .adamW(let range, let decays):
                let at = range.lowerBound
                decant_adamw(
                    weights.base + at, gradient.base + at, firstMoments.base + at, secondMoments.base + at, range.count,
                    decays ? decayed : plain)
            case .muon(let parameter):
                let at = parameter.offset
                decant_momentum(
                    gradient.base + at, Float(gradientScale), firstMoments.base + at, Muon.momentum, parameter.count)
                Muon.apply(
                    gradient.base + at, to: weights.base + at, rows: parameter.shape[0], columns: parameter.shape[1],
                    learningRate: learningRate, weightDecay: weightDecay, products: products)
            }
        }
    }

    /// baseⁿ by repeated squaring.
    private func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}

/// Muon (Jordan et al., 2024): the update of a matrix is its momentum, orthogonalized by Newton–Schulz iterations, and
/// scaled to a root mean square of 0.2 (Liu et al., 2025).
enum Muon {
    static let momentum: Float = 0.95
    private static let iterations = 5
    private static let coefficients: (Float, Float, Float) = (3.4445, -4.7750, 2.0315)

    /// weights ← weights·(1 − rate·decay) − rate·0.2·√max(rows, columns)·orthogonal(update); `update` is used up.
    static func apply(
        _ update: UnsafeMutablePointer<Float>, to weights: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        learningRate: Double, weightDecay: Double, products: ProductPrecision
    ) {
        let direction = orthogonalize(update, rows: rows, columns: columns, products: products)
        let scale = 0.2 * Double(max(rows, columns)).squareRoot()
        decant_apply_update(
            weights, direction, Float(learningRate * scale), Float(learningRate * weightDecay), rows * columns)
    }

    /// X [rows, columns] → a matrix with the same singular vectors and singular values near 1, in `matrix` or in the thread's
    /// scratch memory.
    static func orthogonalize(
        _ matrix: UnsafeMutablePointer<Float>, rows: Int, columns: Int, products: ProductPrecision = .float32
    ) -> UnsafeMutablePointer<Float> {
        let count = rows * columns
        let side = min(rows, columns)
        let norm = decant_sum_of_squares(matrix, count).squareRoot()
        decant_scale(matrix, Float(1 / (norm + 1e-7)), count)
        guard let scratch = decant_thread_scratch(decant_scratch_optimizer, count + 2 * side * side) else { return matrix }
        var x = MatrixView(matrix, rows, columns)
        var next = MatrixView(scratch, rows, columns)
        let gram = MatrixView(scratch + count, side, side)
        let polynomial = MatrixView(scratch + count + side * side, side, side)
        let (a, b, c) = coefficients
        for _ in 0..<iterations {
            // gram = XXᵀ or XᵀX, whichever is smaller; X ← aX + (b·gram + c·gram²)X
            if rows <= columns {
                MatrixMultiply.product(x, transposed: x, into: gram, in: products)
            } else {
                MatrixMultiply.product(transposed: x, x, into: gram, in: products)
            }
            MatrixMultiply.product(gram, gram, into: polynomial, in: products)
            decant_combine(polynomial.base, c, gram.base, b, side * side)
            if rows <= columns {
                MatrixMultiply.product(polynomial, x, into: next, in: products)
            } else {
                MatrixMultiply.product(x, polynomial, into: next, in: products)
            }
            decant_combine(next.base, 1, x.base, a, count)
            swap(&x, &next)
        }
        return x.base
    }
}
