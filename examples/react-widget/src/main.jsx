import { createRoot } from "react-dom/client";
import { Widget } from "./Widget.jsx";

// The page around the widget: it has the token from its own back end. Here it stands behind the `#` of the address.
const token = decodeURIComponent(location.hash.slice(1));
createRoot(document.getElementById("root")).render(<Widget token={token} issuer={location.origin} />);
