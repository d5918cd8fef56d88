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
