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
        differences(from: old, to: new, path: []).flatMap(reasons)
    }

    private struct Difference {
        var path: [String]
        var old: JSON
        var new: JSON
    }

    private func reasons(_ difference: Difference) -> [Reason] {
        let (path, old, new) = (difference.path, difference.old, difference.new)
        switch path.first {
        case "kind": return [.kind(old: old.string ?? "", new: new.string ?? "")]
        case "revision": return [.revision(old: old.integer ?? 0, new: new.integer ?? 0)]
        case "numerics": return parameter("numerics", old: old, new: new)
        case "parameters": return parameter(path.dropFirst().joined(separator: "."), old: old, new: new)
        case "inputs" where path.count > 1:
            let source = stage.inputs.first { $0.name == path[1] }.map { graph[$0.stage].name }
            return [.input(name: path[1], stage: source ?? "none")]
        default: return [.other(path: path.joined(separator: "."), old: old, new: new)]
        }
    }

    private func parameter(_ name: String, old: JSON, new: JSON) -> [Reason] {
        let origins = stage.origins
        let parts = origins.filter { $0.parameter.hasPrefix(name + ".") }
        let changed = Self.changedShares(parts, of: name, old, new) + Self.changedNames(parts, of: name, old, new)
        if !changed.isEmpty { return changed.map { .parameter(name: name, origin: $0, old: old, new: new) } }
        return [.parameter(name: name, origin: Self.origin(of: name, among: origins), old: old, new: new)]
    }

    /// The origin of the parameter itself; of a part of it or a whole around it only where that has none.
    private static func origin(of name: String, among origins: [Origin]) -> Origin? {
        origins.last { $0.parameter == name }
            ?? origins.filter { name.hasPrefix($0.parameter + ".") }.max { $0.parameter.count < $1.parameter.count }
            ?? origins.first { $0.parameter.hasPrefix(name + ".") }
    }

    /// Of a list of shares of one whole, where each comes from a field of its own but the first: those that are another part of
    /// the first. All shares change together when one field does.
    private static func changedShares(_ parts: [Origin], of name: String, _ old: JSON, _ new: JSON) -> [Origin] {
        guard let before = old.array?.map({ $0.double ?? 0 }), let after = new.array?.map({ $0.double ?? 0 }),
            before.count == after.count, let oldFirst = before.first, let newFirst = after.first, oldFirst > 0, newFirst > 0
        else { return [] }
        return parts.filter { part in
            guard let index = Int(part.parameter.dropFirst(name.count + 1)), before.indices.contains(index) else {
                return false
            }
            let (old, new) = (before[index] / oldFirst, after[index] / newFirst)
            return abs(old - new) > 1e-9 * max(old, new)
        }
    }

    /// Of a list of names, each of which comes from a field of its own, those that one of the two lists has alone.
    private static func changedNames(_ parts: [Origin], of name: String, _ old: JSON, _ new: JSON) -> [Origin] {
        guard let before = old.array?.compactMap(\.string), let after = new.array?.compactMap(\.string) else { return [] }
        let changed = Set(before).symmetricDifference(after)
        return parts.filter { changed.contains(String($0.parameter.dropFirst(name.count + 1))) }
    }

    private func differences(from old: JSON, to new: JSON, path: [String]) -> [Difference] {
        if old == new { return [] }
        if path == ["inputs"], let before = Self.named(old), let after = Self.named(new), before != after {
            return differences(from: .object(before), to: .object(after), path: path)
        }
        if let before = old.array, let after = new.array, before.count == after.count, hasOriginsOfElements(path) {
            return before.indices.flatMap { differences(from: before[$0], to: after[$0], path: path + ["\($0)"]) }
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

    /// Whether the elements of a list have parts that come from fields of their own.
    private func hasOriginsOfElements(_ path: [String]) -> Bool {
        guard path.count > 1 else { return false }
        let first = path.dropFirst().joined(separator: ".") + ".0."
        return stage.origins.contains { $0.parameter.hasPrefix(first) }
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
