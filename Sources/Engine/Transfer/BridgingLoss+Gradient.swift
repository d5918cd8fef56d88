import CKernels
import Words

extension BridgingLoss {
    /// What no probability is taken to be below, where its logarithm is taken or others are multiplied by it.
    static let least = 1e-8
    /// The same of a piece that both sides say: of several tokens it may well be less probable, and is learned all the same.
    static let leastOfPiece = 1e-100

    package func replaceByGradients(_ logits: LogitRows, targets: ArraySlice<LossTarget>, scale: Float) -> Double {
        guard let first = targets.first else { return 0 }
        let example = first.example
        var places = targets.enumerated().map { place, target in
            StudentPlace(logits.row(place), logits.vocabularySize, token: target.token, temperature: temperature)
        }
        guard places.allSatisfy(\.isFinite) else { return .nan }
        var loss = 0.0
        for (number, teacher) in example.foreignTeachers.enumerated() {
            let share = weight * teacherWeights[number] * Double(example.responseLength) / Double(max(1, teacher.spans.count))
            for span in teacher.spans
            where (first.position..<first.position + targets.count).contains(span.student.lowerBound) {
                let own = span.student.lowerBound - first.position..<span.student.upperBound - first.position
                let piece = TeacherPiece(teacher, span.teacher, shared[number], temperature: temperature, tail: tail)
                loss += share * add(piece, to: &places, own, shared[number], share: share)
            }
        }
        for (place, target) in targets.enumerated() {
            loss +=
                crossEntropy
                * places[place].replace(
                    logits.row(place), token: target.token, crossEntropy: crossEntropy, scale: Double(scale))
        }
        return loss
    }

    /// Compares a piece with the student's span, and adds `share` times the gradient to the span's places.
    private func add(
        _ piece: TeacherPiece, to places: inout [StudentPlace], _ span: Range<Int>, _ tokens: SharedTokens, share: Double
    ) -> Double {
        let earlier = span.dropLast()
        let factor = earlier.reduce(1.0) { $0 * max(places[$1].probabilityOfToken, Self.least) }
        var merged = MergedDistribution(places[span.upperBound - 1].probabilities, factor: factor)
        let value: Double
        switch comparison {
        case .sorted:
            value = merged.addSorted(
                piece.probabilities, rest: piece.rest, among: 0..<tokens.studentCount, weight: 1)
        case .shared(let beta):
            let ends = matchesPieces ? (student: Int(places[span.upperBound - 1].token), teacher: piece.ownToken) : nil
            value = merged.addShared(piece, tokens, beta: beta, sharedWeight: sharedWeight, ends: ends)
        }
        places[span.upperBound - 1].add(merged.slopes, times: share * factor)
        let slope = share * merged.slopeOfFactor
        for place in earlier where places[place].probabilityOfToken >= Self.least { places[place].slopeOfToken += slope }
        return value
    }
}

/// A teacher's distribution over what ends a span, given what comes before the span.
private struct TeacherPiece {
    /// The response's own token at the end of the span.
    let ownToken: Int32
    let tokens: ArraySlice<Int32>
    /// Of the stored tokens, falling.
    let probabilities: [Double]
    /// Of all others together; `nil` where there are none.
    let rest: Double?

    init(
        _ teacher: ForeignTeacher, _ span: Range<Int>, _ shared: SharedTokens, temperature: Double, tail: LogitsTail
    ) {
        func row(_ position: Int) -> TeacherRow {
            TeacherRow(
                teacher.logits, position: position, temperature: temperature, tail: tail, vocabularySize: shared.teacherCount)
        }
        let factor = span.dropLast().reduce(1.0) { product, position in
            let chance = row(position).probability(of: teacher.tokens[position], vocabularySize: shared.teacherCount)
            return product * max(chance, BridgingLoss.least)
        }
        let last = row(span.upperBound - 1)
        ownToken = teacher.tokens[span.upperBound - 1]
        tokens = last.tokens
        let all = last.logProbabilities.map { factor * PortableMath.exp($0) }
        probabilities = Array(all.prefix(tokens.count))
        rest = tokens.count == shared.teacherCount ? nil : last.hasBucket ? all.last : 0
    }
}

extension TeacherRow {
    /// A token that is not stored has its share of the bucket, or none.
    fileprivate func probability(of token: Int32, vocabularySize: Int) -> Double {
        if let place = tokens.firstIndex(of: token) {
            return PortableMath.exp(logProbabilities[place - tokens.startIndex])
        }
        guard hasBucket, let rest = logProbabilities.last else { return 0 }
        return PortableMath.exp(rest) / Double(vocabularySize - tokens.count)
    }
}

/// A student's distribution times a factor, and the derivative of a comparison with respect to each of the products.
private struct MergedDistribution {
    private let probabilities: [Float]
    private let factor: Double
    private(set) var slopes: [Double]

    init(_ probabilities: [Float], factor: Double) {
        (self.probabilities, self.factor) = (probabilities, factor)
        slopes = [Double](repeating: 0, count: probabilities.count)
    }

    private func value(_ token: Int) -> Double { factor * Double(probabilities[token]) }

    /// Σ slope·value: the derivative with respect to the factor's logarithm.
    var slopeOfFactor: Double { slopes.indices.reduce(0) { $0 + slopes[$1] * value($1) } }

    /// Σ |p − q| over the values by falling size, and of what the teacher has beside the stored ones as one.
    mutating func addSorted(_ p: [Double], rest: Double?, among tokens: some Collection<Int>, weight: Double) -> Double {
        let top = largestPlaces(min(p.count, tokens.count), among: tokens) { probabilities[$0] }
        var sum = 0.0
        for (place, token) in top.enumerated() {
            let gap = value(token) - p[place]
            sum += abs(gap)
            slopes[token] += weight * Self.sign(gap)
        }
        sum += p.dropFirst(top.count).reduce(0, +)
        var isLeft = [Bool](repeating: true, count: probabilities.count)
        for token in top { isLeft[token] = false }
        let others = tokens.filter { isLeft[$0] }
        let gap = others.reduce(0) { $0 + value($1) } - (rest ?? 0)
        for token in others { slopes[token] += weight * Self.sign(gap) }
        return weight * (sum + abs(gap))
    }

    /// JSD(β) over the tokens that both have, `addSorted` over the others.
    ///
    /// What the teacher stores no logits of counts as one token that both have.
    /// - Parameter ends: tokens that count as one that both have, whatever the vocabularies say.
    mutating func addShared(
        _ piece: TeacherPiece, _ tokens: SharedTokens, beta: Double, sharedWeight: Double?,
        ends: (student: Int, teacher: Int32)?
    ) -> Double {
        let weight = sharedWeight ?? Double(tokens.matched.count) / Double(max(1, tokens.teacherCount))
        // An end that the teacher stores no logit of cannot be matched.
        let ends = ends.flatMap { piece.tokens.contains($0.teacher) ? $0 : nil }
        var value = 0.0
        var ofTeacherAlone: [Double] = []
        var isLeft = [Bool](repeating: true, count: probabilities.count)
        for (token, probability) in zip(piece.tokens, piece.probabilities) {
            let student = token == ends?.teacher ? ends?.student ?? -1 : Int(tokens.students[Int(token)])
            guard student >= 0, token == ends?.teacher || student != ends?.student else {
                ofTeacherAlone.append(probability)
                continue
            }
            isLeft[student] = false
            let least = token == ends?.teacher ? BridgingLoss.leastOfPiece : BridgingLoss.least
            let (loss, slope) = Self.divergence(probability, self.value(student), beta, least)
            value += weight * loss
            slopes[student] += weight * slope
        }
        if let rest = piece.rest {
            let others = tokens.matched.filter { isLeft[$0] }
            let (loss, slope) = Self.divergence(rest, others.reduce(0) { $0 + self.value($1) }, beta, BridgingLoss.least)
            value += weight * loss
            for token in others { slopes[token] += weight * slope }
        }
        let unmatched = ends == nil ? tokens.unmatched : tokens.unmatched.filter { $0 != ends?.student }
        guard tokens.teacherCount > tokens.matched.count, !unmatched.isEmpty else { return value }
        return value
            + addSorted(ofTeacherAlone, rest: nil, among: unmatched, weight: 1 - weight)
    }

    /// A token's part of JSD(β), and its derivative with respect to q; FKL's and RKL's at β = 0 and 1.
    private static func divergence(
        _ p: Double, _ q: Double, _ beta: Double, _ least: Double
    ) -> (value: Double, slope: Double) {
        let (a, b) = (max(p, least), max(q, least))
        let (logA, logB) = (PortableMath.log(a), PortableMath.log(b))
        let value: Double
        let slope: Double
        switch beta {
        case 0: (value, slope) = (a * (logA - logB), -a / b)
        case 1: (value, slope) = (b * (logB - logA), logB - logA + 1)
        default:
            let logM = PortableMath.log(beta * a + (1 - beta) * b)
            value = beta * a * (logA - logM) + (1 - beta) * b * (logB - logM)
            slope = (1 - beta) * (logB - logM)
        }
        return (value, q < least ? 0 : slope)
    }

    private static func sign(_ number: Double) -> Double { number > 0 ? 1 : number < 0 ? -1 : 0 }
}

/// The student's distribution at a place, and the derivatives of the comparisons with respect to it.
private struct StudentPlace {
    /// The response's own token.
    let token: Int32
    /// softmax(logits/τ) [V]
    let probabilities: [Float]
    let probabilityOfToken: Double
    /// By token; empty where nothing is compared here.
    private var slopes: [Double] = []
    /// With respect to the logarithm of the probability of the response's own token.
    var slopeOfToken = 0.0
    private let temperature: Double

    var isFinite: Bool { probabilityOfToken.isFinite }

    init(_ logits: UnsafePointer<Float>, _ vocabularySize: Int, token: Int32, temperature: Double) {
        (self.token, self.temperature) = (token, temperature)
        probabilities = [Float](unsafeUninitializedCapacity: vocabularySize) { buffer, count in
            if let base = buffer.baseAddress {
                base.update(from: logits, count: vocabularySize)
                _ = decant_softmax(base, base, Float(temperature), vocabularySize)
            }
            count = vocabularySize
        }
        probabilityOfToken = Double(probabilities[Int(token)])
    }

    mutating func add(_ slopes: [Double], times factor: Double) {
        if self.slopes.isEmpty { self.slopes = [Double](repeating: 0, count: slopes.count) }
        for token in slopes.indices { self.slopes[token] += factor * slopes[token] }
    }

    /// Logits [V] → their gradient times `scale`; returns the cross entropy, 0 where it has no weight.
    func replace(_ logits: UnsafeMutablePointer<Float>, token: Int32, crossEntropy: Double, scale: Double) -> Double {
        let size = probabilities.count
        var entropy = 0.0
        var gradient = [Double](repeating: 0, count: size)
        if crossEntropy > 0 {
            let distribution = TokenDistribution(logits, vocabularySize: size, temperature: 1)
            entropy = -distribution.logProbability(of: token)
            for place in 0..<size {
                gradient[place] =
                    crossEntropy * PortableMath.exp(Double(logits[place] - distribution.largest)) / distribution.sum
            }
            gradient[Int(token)] -= crossEntropy
        }
        let mean = slopes.indices.reduce(0) { $0 + slopes[$1] * Double(probabilities[$1]) }
        for place in 0..<size {
            let slope = (slopes.isEmpty ? 0 : slopes[place] - mean) - slopeOfToken
            logits[place] = Float(scale * (gradient[place] + Double(probabilities[place]) * slope / temperature))
        }
        logits[Int(token)] += Float(scale * slopeOfToken / temperature)
        return entropy
    }
}
