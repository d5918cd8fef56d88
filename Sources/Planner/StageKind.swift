import BuildModel
import CanonicalJSON

/// A kind of stage. The value is the kind's parameters after defaults and normalization: all of it enters the action key.
///
/// Each kind stands in a file of its own, documents its input and output layout there, and has a revision. Raising the
/// revision is the only way to invalidate a kind.
public protocol StageKind: Codable, Hashable, Sendable {
    static var name: String { get }
    static var revision: Int { get }
}
