<?php
/** Removes what the plugin has saved, on every site of a network. */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $bulle_site ) {
		switch_to_blog( $bulle_site );
		delete_option( 'bulle' );
		restore_current_blog();
	}
} else {
	delete_option( 'bulle' );
}
