import Words

/// The divergences between a teacher's p and a student's q over the same few categories, and their gradients with respect to the
/// logits z of q = softmax(z).
struct DistributionPair {
    private let logP, logQ, p, q: [Double]

    /// - Parameters:
    ///   - teacher: ln p, falling; a bucket of all other tokens stands last, whatever they have together.
    ///   - student: ln q.
    init(teacher: [Double], student: [Double]) {
        logP = teacher
        logQ = student
        p = teacher.map { PortableMath.exp($0) }
        q = student.map { PortableMath.exp($0) }
    }

    var count: Int { p.count }

    /// Adds `weight` times the gradient of the term; returns `weight` times its value.
    func add(_ term: LossTerm, weight: Double, to gradient: inout [Double]) -> Double {
        let argument = term.argument ?? term.loss.standardArgument ?? 0
        switch term.loss {
        case .crossEntropy, .universal, .aligned: return 0
        case .forwardKL: return addForwardKL(weight, &gradient)
        case .reverseKL: return addReverseKL(weight, &gradient)
        case .jensenShannon:
            switch argument {
            case 0: return addForwardKL(weight, &gradient)
            case 1: return addReverseKL(weight, &gradient)
            default: return addJensenShannon(argument, weight, &gradient)
            }
        case .totalVariation: return addTotalVariation(weight, &gradient)
        case .adaptiveKL:
            // The two weights have no gradient.
            let gaps = gaps(argument)
            let all = gaps.head + gaps.tail
            guard all > 0 else { return 0 }
            return addForwardKL(weight * gaps.head / all, &gradient) + addReverseKL(weight * gaps.tail / all, &gradient)
        }
    }

    /// Σ p·ln(p/q); ∂/∂z = q − p.
    private func addForwardKL(_ weight: Double, _ gradient: inout [Double]) -> Double {
        var value = 0.0
        for c in p.indices {
            value += p[c] * (logP[c] - logQ[c])
            gradient[c] += weight * (q[c] - p[c])
        }
        return weight * value
    }

    /// Σ q·ln(q/p); ∂/∂z = q·(ln(q/p) − value).
    private func addReverseKL(_ weight: Double, _ gradient: inout [Double]) -> Double {
        let value = q.indices.reduce(0.0) { $0 + q[$1] * (logQ[$1] - logP[$1]) }
        for c in q.indices { gradient[c] += weight * q[c] * (logQ[c] - logP[c] - value) }
        return weight * value
    }

    /// β·KL(p‖m) + (1 − β)·KL(q‖m) with m = βp + (1 − β)q; ∂/∂z = (1 − β)·q·(ln(q/m) − KL(q‖m)).
    private func addJensenShannon(_ beta: Double, _ weight: Double, _ gradient: inout [Double]) -> Double {
        let logM = p.indices.map { PortableMath.log(max(beta * p[$0] + (1 - beta) * q[$0], .leastNormalMagnitude)) }
        let ofTeacher = p.indices.reduce(0.0) { $0 + p[$1] * (logP[$1] - logM[$1]) }
        let ofStudent = q.indices.reduce(0.0) { $0 + q[$1] * (logQ[$1] - logM[$1]) }
        for c in q.indices { gradient[c] += weight * (1 - beta) * q[c] * (logQ[c] - logM[c] - ofStudent) }
        return weight * (beta * ofTeacher + (1 - beta) * ofStudent)
    }

    /// ½ Σ |p − q|; ∂/∂z = ½·q·(s − Σ s·q) with s = sign(q − p), and 0 where p = q.
    private func addTotalVariation(_ weight: Double, _ gradient: inout [Double]) -> Double {
        let signs = q.indices.map { q[$0] == p[$0] ? 0.0 : q[$0] > p[$0] ? 1 : -1 }
        let mean = q.indices.reduce(0.0) { $0 + signs[$1] * q[$1] }
        for c in q.indices { gradient[c] += weight * 0.5 * q[c] * (signs[c] - mean) }
        return weight * 0.5 * q.indices.reduce(0.0) { $0 + abs(p[$1] - q[$1]) }
    }

    /// Σ |p − q| over the head of p and over the rest. Head: the tokens of largest p that have at most μ together, and the first
    /// always, as the method's authors have it in their code; none for μ = 0.
    ///
    /// A bucket's tokens are smaller than all others.
    private func gaps(_ mu: Double) -> (head: Double, tail: Double) {
        var gaps = (head: 0.0, tail: 0.0)
        var reached = 0.0
        for c in p.indices {
            reached += p[c]
            // Sums of all p may miss 1 by rounding.
            let isHead = mu >= 1 || mu > 0 && (c == 0 || reached <= mu)
            if isHead { gaps.head += abs(p[c] - q[c]) } else { gaps.tail += abs(p[c] - q[c]) }
        }
        return gaps
    }
}

/// The teacher's distribution at one position: the stored tokens and, where the tail is lumped, all others as one bucket.
struct TeacherRow {
    let tokens: ArraySlice<Int32>
    /// ln p of the stored tokens, falling, and of the bucket, where there is one.
    let logProbabilities: [Double]

    var hasBucket: Bool { logProbabilities.count > tokens.count }

    /// The logarithm of the smallest float, a lower bound for the bucket.
    private static let leastLogRest = -104.0

    init(
        _ teacher: TeacherLogits, position: Int, temperature: Double, tail: LogitsTail, vocabularySize: Int
    ) {
        let range = position * teacher.k..<(position + 1) * teacher.k
        tokens = teacher.topTokens[range]
        let logits = teacher.topLogits[range]
        let largest = logits.first ?? 0
        let divided = logits.map { Double($0 - largest) / temperature }
        let logSum = PortableMath.log(divided.reduce(0.0) { $0 + PortableMath.exp($1) })
        guard tail == .lump, teacher.k < vocabularySize else {
            logProbabilities = divided.map { $0 - logSum }
            return
        }
        // The stored tokens share the probability that the rest leaves.
        let logRest = min(0, max(Double(teacher.logRest[position]), Self.leastLogRest))
        let logKept = PortableMath.log(max(1 - PortableMath.exp(logRest), .leastNormalMagnitude))
        logProbabilities = divided.map { $0 - logSum + logKept } + [logRest]
    }
}
