/// A number for each of eight parts of a row. What ggml computes for one part after the other is computed for eight side by side;
/// every lane sums in ggml's order.
typealias Lanes = SIMD8<Float>

extension SIMD8<Float> {
    /// The nearest integers, halves to even, of numbers below 2²²: the sum has no bits left for a fraction.
    var nearest: Lanes { (self + 12_582_912) - 12_582_912 }

    var magnitude: Lanes { replacing(with: -self, where: self .< 0) }

    func bounded(_ least: Lanes, _ most: Lanes) -> Lanes {
        var result = self
        result.replace(with: least, where: result .< least)
        result.replace(with: most, where: result .> most)
        return result
    }

    /// dividend/x, and 0 in the lanes that are empty.
    func dividing(_ dividend: Lanes, except isEmpty: SIMDMask<SIMD8<Int32>>) -> Lanes {
        (dividend / self).replacing(with: 0, where: isEmpty)
    }
}

extension UInt8 {
    /// Of an integer that a search found; numbers that are none, and negative ones, are 0.
    init(level: Float) { self = level > 0 ? UInt8(Swift.min(level, 255)) : 0 }
}

/// Finds integers, a scale and a minimum for the weights of eight parts, so that the weighted squares of what is lost are few.
struct ScaleSearch {
    /// What is tried: the largest integer becomes top + first + step·i, for i up to count.
    struct Trials {
        var first: Float
        var step: Float
        var count: Int
    }

    /// Weights by their place in a part.
    var weights: [Lanes]
    /// What an error of each weight counts.
    var importance: [Lanes]
    /// The integers that were found.
    private(set) var levels: [Lanes]
    private var candidate: [Lanes]

    init(partLength: Int) {
        weights = Array(repeating: .zero, count: partLength)
        (importance, levels, candidate) = (weights, weights, weights)
    }

    /// Weights as scale·q − minimum with q from 0 to `top`, and a minimum that is not negative.
    ///
    /// Each trial rounds the weights with a scale of its own, then takes the scale and the minimum that fit these integers best.
    mutating func findScaleAndMinimum(top: Float, _ trials: Trials) -> (scale: Lanes, minimum: Lanes) {
        let ranges = self.ranges()
        var low = ranges.low.replacing(with: 0, where: ranges.low .> 0)
        let isEmpty = ranges.high .<= low
        let topLanes = Lanes(repeating: top)
        let inverse = (ranges.high - low).dividing(topLanes, except: isEmpty)
        var scale = (1 / inverse).replacing(with: 0, where: isEmpty)
        var best = Lanes.zero
        for place in weights.indices {
            let level = (inverse * (weights[place] - low)).nearest.bounded(.zero, topLanes)
            levels[place] = level
            let difference = scale * level + low - weights[place]
            best += importance[place] * (difference * difference)
        }
        for trial in 0...trials.count {
            let wanted = Lanes(repeating: trials.first + trials.step * Float(trial) + top)
            let fit = fitted(
                inverse: (ranges.high - low).dividing(wanted, except: isEmpty), from: low, top: topLanes, ranges)
            let isBetter = fit.isPossible .& (fit.error .< best) .& .!isEmpty
            guard any(isBetter) else { continue }
            for place in levels.indices { levels[place].replace(with: candidate[place], where: isBetter) }
            best.replace(with: fit.error, where: isBetter)
            scale.replace(with: fit.scale, where: isBetter)
            low.replace(with: fit.low, where: isBetter)
        }
        return (scale, -low)
    }

    private typealias Ranges = (low: Lanes, high: Lanes, importance: Lanes, weighted: Lanes)

    /// The least and the largest weight, the importance of all, and their weighted sum.
    private func ranges() -> Ranges {
        var ranges: Ranges = (weights[0], weights[0], importance[0], importance[0] * weights[0])
        for place in 1..<weights.count {
            ranges.low.replace(with: weights[place], where: weights[place] .< ranges.low)
            ranges.high.replace(with: weights[place], where: weights[place] .> ranges.high)
            ranges.importance += importance[place]
            ranges.weighted += importance[place] * weights[place]
        }
        return ranges
    }

    private typealias Fit = (scale: Lanes, low: Lanes, error: Lanes, isPossible: SIMDMask<SIMD8<Int32>>)

    /// Rounds with a scale, and fits scale and minimum to the integers by least squares.
    private mutating func fitted(inverse: Lanes, from low: Lanes, top: Lanes, _ ranges: Ranges) -> Fit {
        var (sum, squares, products) = (Lanes.zero, Lanes.zero, Lanes.zero)
        for place in weights.indices {
            let level = (inverse * (weights[place] - low)).nearest.bounded(.zero, top)
            candidate[place] = level
            let weighted = importance[place] * level
            sum += weighted
            squares += weighted * level
            products += weighted * weights[place]
        }
        let determinant = ranges.importance * squares - sum * sum
        let isPossible = determinant .> 0
        var scale = (ranges.importance * products - ranges.weighted * sum) / determinant
        var fittedLow = (squares * ranges.weighted - sum * products) / determinant
        let isPositive = fittedLow .> 0
        fittedLow.replace(with: 0, where: isPositive)
        scale.replace(with: products / squares, where: isPositive)
        var error = Lanes.zero
        for place in weights.indices {
            let difference = scale * candidate[place] + fittedLow - weights[place]
            error += importance[place] * (difference * difference)
        }
        return (scale, fittedLow, error, isPossible)
    }

    /// Weights as scale·q with q from −`reach` to `reach` − 1. The scale is negative where the largest weight is positive: it
    /// becomes −`reach`, the integer that has no opposite.
    mutating func findScale(reach: Float) -> Lanes {
        var (magnitude, largest) = (Lanes.zero, Lanes.zero)
        for weight in weights {
            let isLarger = weight.magnitude .> magnitude
            magnitude.replace(with: weight.magnitude, where: isLarger)
            largest.replace(with: weight, where: isLarger)
        }
        let isEmpty = magnitude .< Self.negligible
        var fit = roundedBoth(largest.dividing(Lanes(repeating: -reach), except: isEmpty), reach)
        swap(&levels, &candidate)
        var scale = (fit.products / fit.squares).replacing(with: 0, where: fit.squares .== 0)
        var best = scale * fit.products
        for trial in -9...9 where trial != 0 {
            let wanted = Lanes(repeating: -(reach + 0.1 * Float(trial)))
            fit = roundedBoth(largest.dividing(wanted, except: isEmpty), reach)
            let isBetter = (fit.squares .> 0) .& (fit.products * fit.products .> best * fit.squares)
            guard any(isBetter) else { continue }
            for place in levels.indices { levels[place].replace(with: candidate[place], where: isBetter) }
            scale.replace(with: fit.products / fit.squares, where: isBetter)
            best.replace(with: scale * fit.products, where: isBetter)
        }
        // A part of zeros is stored as the least integer, as ggml stores it.
        for place in levels.indices { levels[place].replace(with: -reach, where: isEmpty) }
        return scale.replacing(with: 0, where: isEmpty)
    }

    /// Rounds to both sides of zero; the weighted sums of weight·q and of q².
    private mutating func roundedBoth(_ inverse: Lanes, _ reach: Float) -> (products: Lanes, squares: Lanes) {
        let (least, most) = (Lanes(repeating: -reach), Lanes(repeating: reach - 1))
        var (products, squares) = (Lanes.zero, Lanes.zero)
        for place in weights.indices {
            let level = (inverse * weights[place]).nearest.bounded(least, most)
            candidate[place] = level
            products += importance[place] * weights[place] * level
            squares += importance[place] * level * level
        }
        return (products, squares)
    }

    /// Replaces the integers of a part by those for its final scale and minimum, except where the scale is zero.
    mutating func round(by scale: Lanes, minimum: Lanes, in range: ClosedRange<Float>) {
        let (least, most) = (Lanes(repeating: range.lowerBound), Lanes(repeating: range.upperBound))
        let isUsed = scale .!= 0
        for place in levels.indices {
            let level = ((weights[place] + minimum) / scale).nearest.bounded(least, most)
            levels[place].replace(with: level, where: isUsed)
        }
    }

    /// Weights below are zeros.
    static let negligible: Float = 1e-15
}

/// Six-bit counts of a unit for the scales of a block's parts, or for their minimums.
struct UnitCounts {
    var unit: Float
    var counts: [UInt8]

    static let top: Float = 63

    /// The largest value becomes 63.
    init(ofLargest values: Lanes) {
        let largest = max(values.max(), 0)
        let inverse = largest > 0 ? Self.top / largest : 0
        unit = largest / Self.top
        counts = values.indices.map { Self.count(inverse * values[$0]) }
    }

    /// The unit whose counts lose least, weighted by importance: the best of nine, improved value by value.
    init(_ values: Lanes, importance: Lanes) {
        let largest = max(values.max(), 0)
        guard largest >= ScaleSearch.negligible else {
            (unit, counts) = (0, Array(repeating: 0, count: values.scalarCount))
            return
        }
        let inverse = Self.bestInverse(values, importance, largest)
        counts = values.indices.map { Self.count(inverse * values[$0]) }
        var (products, squares): (Float, Float) = (0, 0)
        for part in values.indices {
            products += importance[part] * values[part] * Float(counts[part])
            squares += importance[part] * Float(counts[part]) * Float(counts[part])
        }
        for _ in 0..<5 {
            var hasChanged = false
            for part in values.indices {
                let (weight, value, count) = (importance[part], values[part], Float(counts[part]))
                var (otherProducts, otherSquares) = (products - weight * value * count, squares - weight * count * count)
                guard otherProducts > 0, otherSquares > 0 else { continue }
                let new = Self.count(value * otherSquares / otherProducts)
                guard new != counts[part] else { continue }
                otherProducts += weight * value * Float(new)
                otherSquares += weight * Float(new) * Float(new)
                if otherProducts * otherProducts * squares > products * products * otherSquares {
                    counts[part] = new
                    (products, squares) = (otherProducts, otherSquares)
                    hasChanged = true
                }
            }
            if !hasChanged { break }
        }
        unit = squares > 0 ? products / squares : 0
    }

    private static func bestInverse(_ values: Lanes, _ importance: Lanes, _ largest: Float) -> Float {
        func loss(_ inverse: Float) -> Float {
            let scale = 1 / inverse
            return values.indices.reduce(0) { sum, part in
                let difference = values[part] - scale * Float(count(inverse * values[part]))
                return sum + importance[part] * difference * difference
            }
        }
        var best = top / largest
        var least = loss(best)
        for trial in -4...4 where trial != 0 {
            let inverse = (0.1 * Float(trial) + top) / largest
            let found = loss(inverse)
            if found < least { (best, least) = (inverse, found) }
        }
        return best
    }

    private static func count(_ value: Float) -> UInt8 { UInt8(level: min(value.rounded(.toNearestOrEven), top)) }
}
