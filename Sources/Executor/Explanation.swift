import BuildModel
import CanonicalJSON

/// What tells two actions apart: read off the very encodings that their keys are the digests of, so that the explanation of
/// a key cannot miss what the key covers.
struct Explanation {
    /// The stage as the graph has it now.
    let stage: Stage
    let graph: Graph

    /// - Parameters:
    ///   - old: the encoding of the last build's action.
    ///   - new: that of the action now; inputs that are not built yet stand in it as they were.
    /// - Returns: nothing exactly where the encodings, and so the keys, are equal.
    func reasons(from old: JSON, to new: JSON) -> [Reason] {
        Self.differences(from: old, to: new, path: []).map(reason)
    }

    private struct Difference {
        var path: [String]
        var old: JSON
        var new: JSON
    }

    private func reason(_ difference: Difference) -> Reason {
        let (path, old, new) = (difference.path, difference.old, difference.new)
        switch path.first {
        case "kind": return .kind(old: old.string ?? "", new: new.string ?? "")
        case "revision": return .revision(old: old.integer ?? 0, new: new.integer ?? 0)
        case "numerics": return parameter("numerics", old: old, new: new)
        case "parameters": return parameter(path.dropFirst().joined(separator: "."), old: old, new: new)
        case "inputs" where path.count > 1:
            let source = stage.inputs.first { $0.name == path[1] }.map { graph[$0.stage].name }
            return .input(name: path[1], stage: source ?? "none")
        default: return .other(path: path.joined(separator: "."), old: old, new: new)
        }
    }

    private func parameter(_ name: String, old: JSON, new: JSON) -> Reason {
        let origin = stage.origins.last {
            name == $0.parameter || name.hasPrefix($0.parameter + ".") || $0.parameter.hasPrefix(name + ".")
        }
        return .parameter(name: name, origin: origin, old: old, new: new)
    }

    private static func differences(from old: JSON, to new: JSON, path: [String]) -> [Difference] {
        if old == new { return [] }
        if path == ["inputs"], let before = named(old), let after = named(new), before != after {
            return differences(from: .object(before), to: .object(after), path: path)
        }
        guard let before = old.object, let after = new.object else { return [Difference(path: path, old: old, new: new)] }
        return Set(before.keys).union(after.keys).sorted().flatMap { key in
            // A field that is absent is not one that is null: their bytes differ.
            guard let old = before[key], let new = after[key] else {
                return [Difference(path: path + [key], old: before[key] ?? .null, new: after[key] ?? .null)]
            }
            return differences(from: old, to: new, path: path + [key])
        }
    }

    /// Inputs by name, where all have one.
    private static func named(_ inputs: JSON) -> [String: JSON]? {
        var members: [String: JSON] = [:]
        for input in inputs.array ?? [] {
            guard let name = input["name"]?.string, let artifact = input["artifact"] else { return nil }
            members[name] = artifact
        }
        return members
    }
}
