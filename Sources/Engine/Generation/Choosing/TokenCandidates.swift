import CKernels

/// The tokens that may still be drawn, in rising order, with their logits or probabilities in the memory of the logits.
struct TokenCandidates {
    private let values: UnsafeMutablePointer<Float>
    /// The tokens of the values; `nil` where the candidates are all tokens.
    private var tokens: [Int32]?
    private var count: Int
    /// Of the values, once they are probabilities; what was cut off is no part of it.
    private var total = 1.0

    /// Moves the logits of the allowed tokens to the front.
    init(_ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, mask: TokenMask?) {
        values = logits
        count = vocabularySize
        if let allowed = mask?.tokens(below: vocabularySize), !allowed.isEmpty {
            for (place, token) in allowed.enumerated() { values[place] = values[Int(token)] }
            tokens = allowed
            count = allowed.count
        }
    }

    /// Keeps the k largest logits, and those that equal the last of them.
    mutating func keepLargest(_ k: Int) {
        guard k < count else { return }
        var heap = SmallestFirst(capacity: k)
        for place in 0..<count { heap.offer(values[place]) }
        guard let least = heap.first else { return }
        keep { value, _ in value >= least }
    }

    /// Logits → softmax(logits/temperature).
    func becomeProbabilities(temperature: Float) { decant_softmax(values, values, temperature, count) }

    /// Keeps the most probable tokens, without the least probable ones whose sum is at most 1 − p; of equal ones the lower
    /// token stays. One token always stays.
    mutating func keepNucleus(_ p: Double) {
        // A token at or below this share goes in any case: all such together do not pass 1 − p.
        let share = Float((1 - p) / Double(count))
        var removed = 0.0
        var places: [Int] = []
        for place in 0..<count {
            if values[place] > share { places.append(place) } else { removed += Double(values[place]) }
        }
        guard !places.isEmpty else { return }
        places.sort { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
        while places.count > 1, let last = places.last, removed + Double(values[last]) <= 1 - p {
            removed += Double(values[last])
            places.removeLast()
        }
        let last = places[places.count - 1]
        let least = values[last]
        keep { value, place in value > least || value == least && place <= last }
        total = (0..<count).reduce(0) { $0 + Double(values[$1]) }
    }

    /// Of each candidate, once they are probabilities.
    var probabilities: [(token: Int32, probability: Double)] {
        (0..<count).map { (token($0), Double(values[$0]) / total) }
    }

    /// The token at a place of the distribution, 0 ≤ random < 1, and its probability.
    func draw(_ random: Double) -> (token: Int32, probability: Double) {
        var left = random * total
        var last = 0
        for place in 0..<count where values[place] > 0 {
            left -= Double(values[place])
            last = place
            if left < 0 { break }
        }
        return (token(last), Double(values[last]) / total)
    }

    private func token(_ place: Int) -> Int32 { tokens?[place] ?? Int32(place) }

    private mutating func keep(_ isKept: (_ value: Float, _ place: Int) -> Bool) {
        let places = (0..<count).filter { isKept(values[$0], $0) }
        let kept = places.map(token)
        for (target, place) in places.enumerated() { values[target] = values[place] }
        (tokens, count) = (kept, kept.count)
    }
}

/// The largest values that were offered, the smallest of them first: a binary heap.
private struct SmallestFirst {
    private let capacity: Int
    private var heap: [Float] = []

    init(capacity: Int) {
        self.capacity = capacity
        heap.reserveCapacity(capacity)
    }

    var first: Float? { heap.first }

    mutating func offer(_ value: Float) {
        if heap.count < capacity {
            heap.append(value)
            var place = heap.count - 1
            while place > 0, heap[place] < heap[(place - 1) / 2] {
                heap.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
        } else if value > heap[0] {
            heap[0] = value
            sink()
        }
    }

    private mutating func sink() {
        var place = 0
        while case let left = 2 * place + 1, left < heap.count {
            let child = left + 1 < heap.count && heap[left + 1] < heap[left] ? left + 1 : left
            guard heap[child] < heap[place] else { return }
            heap.swapAt(child, place)
            place = child
        }
    }
}
