import Foundation

/// A parser of bytes from outside, with texts to start from. Any input gives a value or an error; a crash is a finding.
package struct FuzzTarget: Sendable {
    /// How inputs are changed.
    package enum Shape: Sendable {
        /// Any bytes.
        case bytes
        /// Values of a JSON text, and its bytes now and then.
        case json
        /// Templates are written anew from a grammar, and changed as bytes.
        case template
    }

    package let name: String
    package let shape: Shape
    package let seeds: [[UInt8]]
    /// Words of the format.
    let words: [String]
    private let body: @Sendable ([UInt8], URL) throws -> Void

    init(
        _ name: String, _ shape: Shape = .bytes, seeds: [[UInt8]], words: [String] = [],
        _ body: @escaping @Sendable ([UInt8], URL) throws -> Void
    ) {
        self.name = name
        self.shape = shape
        self.seeds = seeds
        self.words = words
        self.body = body
    }

    /// The input of a number; the same for the same seed.
    package func input(_ number: Int, seed: UInt64) -> [UInt8] {
        var random = FuzzRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(number))
        if shape == .template, random.below(3) > 0 { return Array(TemplateGrammar.template(&random).utf8) }
        if number < seeds.count { return seeds[number] }
        var mutator = Mutator(random: random, seeds: seeds, words: words)
        return shape == .json ? mutator.changedJSON() : mutator.changedBytes()
    }

    /// Gives the parser an input. What it throws is an answer.
    ///
    /// - Parameter folder: an empty folder.
    /// - Returns: whether it took the input.
    @discardableResult
    package func run(_ input: [UInt8], in folder: URL) -> Bool { (try? body(input, folder)) != nil }

    package static let all: [FuzzTarget] = texts + rows + records + models + answers + store

    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// SplitMix64.
package struct FuzzRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// From 0 up to a bound.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
