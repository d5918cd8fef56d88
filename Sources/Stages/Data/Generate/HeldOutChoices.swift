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
