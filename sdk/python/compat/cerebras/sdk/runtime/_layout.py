"""The host-side layout API: its names are importable; using them says that they are not supported yet."""
# SPDX-License-Identifier: Apache-2.0


class _Unsupported:
    def __init__(self, *args, **keywords):
        raise RuntimeError(f"error[E0612]: {type(self).__name__} is not supported yet")


class SdkLayout(_Unsupported):
    pass


class CodeRegion(_Unsupported):
    pass


class Color(_Unsupported):
    pass


class PortHandle(_Unsupported):
    pass


class RoutingPosition(_Unsupported):
    pass


class EdgeRouteInfo(_Unsupported):
    pass


def get_edge_routing(edge, routes):
    return EdgeRouteInfo(edge, routes)
