import Declarations
import Words

extension Pipeline {
    /// Whether the set `valid` has rows whose answers a training can be looked at with, as far as recipe and files tell.
    package var canValidate: Bool {
        let valid = RowSet.valid.rawValue
        guard references.value == .rows, data.setsWithRows.contains(.valid), knownSets?.contains(valid) ?? true else {
            return false
        }
        return !data.consistsOfText(valid) && data.sources(of: valid).allSatisfy { !$0.isUnlabelled }
    }
}
