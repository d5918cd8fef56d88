import BuildModel

/// Parts of variants by what tells those apart that have others.
typealias SharedParts<Part> = [[ObjectIdentifier]: SharedPart<Part>]

/// What is lowered once for several variants.
struct SharedPart<Part> {
    var part: Part
    /// All that was added or met on the way.
    var stages: [StageID]
    var ownStages: [String: StageID]
}

extension Lowering {
    /// A part of a variant, lowered once for those that agree on it; `nil` where a problem was found.
    mutating func shared<Part>(
        _ known: WritableKeyPath<Lowering, SharedParts<Part>>, _ identity: [ObjectIdentifier],
        _ lower: (inout Lowering) throws -> Part?
    ) throws -> Part? {
        if let shared = self[keyPath: known][identity] {
            builder.touch(shared.stages)
            ownStages.merge(shared.ownStages) { $1 }
            return shared.part
        }
        let start = builder.touched.count
        guard let part = try lower(&self) else { return nil }
        self[keyPath: known][identity] = SharedPart(
            part: part, stages: Array(builder.touched[start...]), ownStages: ownStages)
        return part
    }
}
