import BuildModel
import Engine

/// Rows from a template library: every sentence once, spread evenly over functions and their templates.
struct RowGenerator {
    /// Share of the rows that want no function.
    static let noCallShare = 0.08

    let library: TemplateLibrary
    let heldOut: HeldOutChoices
    let seed: Int

    /// At most `count` rows, fewer where the templates have no more to say. In the order of groups, then of templates.
    func rows(count: Int) -> [Row] {
        var queries: Set<String> = []
        var rows: [Row] = []
        for (group, share) in zip(library.groups, groupShares(of: count)) {
            let capacities = group.templates.map(combinations)
            let even = evenShares(of: share, capacities: capacities)
            let shares = group.member == nil ? even : fairShares(even, capacities: capacities, stream: group.name)
            for (index, wanted) in shares.enumerated() where wanted > 0 {
                rows += self.rows(wanted, of: group, template: index, queries: &queries)
            }
        }
        return rows
    }

    /// Rows of one template whose queries are new.
    private func rows(_ wanted: Int, of group: TemplateLibrary.Group, template index: Int, queries: inout Set<String>) -> [Row]
    {
        let order = RandomOrder(
            count: combinations(group.templates[index]), seed: seed, stream: "rows/\(group.name)/\(index)")
        var rows: [Row] = []
        for combination in order {
            if rows.count == wanted { break }
            let row = row(of: group, template: index, combination: combination)
            guard !row.answers.contains(where: \.repeatsElement) else { continue }
            if queries.insert(row.query).inserted { rows.append(row) }
        }
        return rows
    }

    /// The row of one combination, a mixed-radix number: prefix, suffix, then a digit per gap.
    private func row(of group: TemplateLibrary.Group, template index: Int, combination: Int) -> Row {
        let template = group.templates[index]
        var rest = combination
        func digit(_ radix: Int) -> Int {
            defer { rest /= radix }
            return rest % radix
        }
        let prefix = library.prefixes[digit(library.prefixes.count)]
        let suffix = library.suffixes[digit(library.suffixes.count)]
        let digits = template.gaps.map { digit($0.choices.count) }
        let (text, arguments) = template.filled(with: zip(template.gaps, digits).map { $0.choices[$1] }, by: group.member)
        let query = [prefix, text, suffix].filter { !$0.isEmpty }.joined(separator: " ")

        let hasHeldOutValue = zip(template.gaps, digits).contains { heldOut.contains(value: $1, of: $0.slot) }
        let isHeldOutTemplate = heldOut.contains(template: index, of: group.repertoire)
        return Row(
            id: "\(template.name)/\(Digest(hashing: query).short)", query: query,
            answers: group.function.map { [FunctionCall(name: $0, arguments: arguments)] } ?? [], template: template.name,
            heldOut: isHeldOutTemplate ? .template : hasHeldOutValue ? .value : nil)
    }

    /// Sentences that a template can make.
    private func combinations(_ template: UtteranceTemplate) -> Int {
        let radices = [library.prefixes.count, library.suffixes.count] + template.gaps.map(\.choices.count)
        return radices.reduce(1) { product, radix in
            let (result, overflows) = product.multipliedReportingOverflow(by: radix)
            return overflows ? Int.max : result
        }
    }

    private func groupShares(of count: Int) -> [Int] {
        let capacities = library.groups.map { group in
            group.templates.map(combinations).reduce(0) { min($0, Int.max / 2) + min($1, Int.max / 2) }
        }
        let noCall = Int((Double(count) * Self.noCallShare).rounded())
        let called = zip(library.groups, capacities).map { group, capacity in group.function == nil ? 0 : capacity }
        let silent = zip(library.groups, capacities).map { group, capacity in group.function == nil ? min(capacity, noCall) : 0
        }
        let even = evenShares(of: count - silent.reduce(0, +), capacities: called)
        let hasFamilies = library.groups.contains { $0.member != nil }
        return zip(hasFamilies ? fairShares(even, capacities: called, stream: "") : even, silent).map { $0 + $1 }
    }

    /// Divides a total evenly; what exceeds one capacity goes to the others, remainders to the largest.
    private func evenShares(of total: Int, capacities: [Int]) -> [Int] {
        var shares = capacities.map { _ in 0 }
        var rest = total
        var places = capacities.count
        for index in capacities.indices.sorted(by: { (capacities[$0], $0) < (capacities[$1], $1) }) {
            shares[index] = min(capacities[index], rest / places)
            rest -= shares[index]
            places -= 1
        }
        return shares
    }

    /// Even shares whose remainders are drawn. Of a family's many functions each may get fewer rows than it has templates, and
    /// the largest must not always be those that get them.
    private func fairShares(_ even: [Int], capacities: [Int], stream: String) -> [Int] {
        guard let level = zip(even, capacities).filter({ $0 < $1 }).map(\.0).min() else { return even }
        let open = even.indices.filter { capacities[$0] > level }
        let remainders = open.reduce(0) { $0 + even[$1] - level }
        var shares = even
        for index in open { shares[index] = level }
        for place in RandomOrder(count: open.count, seed: seed, stream: "shares/\(stream)").prefix(remainders) {
            shares[open[place]] += 1
        }
        return shares
    }
}

extension FunctionCall {
    /// Whether a list among the arguments has an element twice: nobody asks for eggs and eggs.
    fileprivate var repeatsElement: Bool {
        arguments.values.contains { value in value.array.map { Set($0).count < $0.count } ?? false }
    }
}

/// SplitMix64 on a stream of its own per name: what one template draws never depends on another.
struct RowRandom {
    private var state: UInt64

    init(seed: Int, stream: String) {
        let digest = Digest(hashing: "\(seed)/\(stream)")
        state = digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// An index below a positive bound, by Lemire's multiplication; the bias is below bound / 2⁶⁴.
    mutating func index(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}

/// The numbers 0 ..< count in random order, each once, in memory for those drawn only (Fisher and Yates on a sparse array).
struct RandomOrder: Sequence, IteratorProtocol {
    private let count: Int
    private var random: RowRandom
    private var drawn = 0
    private var moved: [Int: Int] = [:]

    init(count: Int, seed: Int, stream: String) {
        self.count = count
        random = RowRandom(seed: seed, stream: stream)
    }

    mutating func next() -> Int? {
        guard drawn < count else { return nil }
        let place = drawn + random.index(below: count - drawn)
        let number = moved[place] ?? place
        moved[place] = moved[drawn] ?? drawn
        moved[drawn] = nil
        drawn += 1
        return number
    }
}

/// Which templates and values no training row may use.
struct HeldOutChoices: Sendable {
    /// Indices by the name of the repertoire.
    private var templates: [String: Set<Int>] = [:]
    /// Indices by the name of the slot.
    private var values: [String: Set<Int>] = [:]

    /// Repertoires of fewer templates than this lose none.
    private static let fewestTemplates = 4

    /// - Parameters: shares of each repertoire's templates and of each slot's values, from 0 to 1; above 0, at least one is held out.
    init(from library: TemplateLibrary, templateShare: Double, valueShare: Double, seed: Int) {
        var repertoires: Set<String> = []
        for group in library.groups where repertoires.insert(group.repertoire).inserted {
            if group.templates.count >= Self.fewestTemplates {
                templates[group.repertoire] = Self.pick(
                    templateShare, of: group.templates.count, seed: seed, stream: "held-out templates/\(group.repertoire)")
            }
            for gap in group.templates.flatMap(\.gaps) where gap.mayHoldOut && values[gap.slot] == nil {
                values[gap.slot] = Self.pick(
                    valueShare, of: gap.choices.count, seed: seed, stream: "held-out values/\(gap.slot)")
            }
        }
    }

    func contains(template index: Int, of repertoire: String) -> Bool { templates[repertoire]?.contains(index) ?? false }
    func contains(value index: Int, of slot: String) -> Bool { values[slot]?.contains(index) ?? false }

    /// At least one where the share is above 0, never all.
    private static func pick(_ share: Double, of count: Int, seed: Int, stream: String) -> Set<Int> {
        guard share > 0, count > 1 else { return [] }
        let wanted = min(max(1, Int((share * Double(count)).rounded())), count - 1)
        return Set(RandomOrder(count: count, seed: seed, stream: stream).prefix(wanted))
    }
}
